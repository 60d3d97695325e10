// Tencent's own Node.js SDK talks to the simulator, with each of its signatures.
//
//     cleanslate sim --json > ready.json & node tests/peers/sdk/check_nodejs.mjs ready.json target/peers-sdk
//
// Needs tencentcloud-sdk-nodejs-cvm (npm) in the folder that is named last.

import http from "node:http";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { mock } from "node:test";
import { isDeepStrictEqual } from "node:util";
import path from "node:path";

const [ready, folder] = process.argv.slice(2);
const { Client: CvmClient } = createRequire(path.resolve(folder, "x.js"))("tencentcloud-sdk-nodejs-cvm").cvm.v20170312;
const { good, wrong } = JSON.parse(readFileSync(new URL("calls.json", import.meta.url)));
const { listen, tencent } = JSON.parse(readFileSync(ready));
const MACHINE = "ins-r8hr2upy";
const PROFILES = ["TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"].flatMap((sign) => ["POST", "GET"].map((method) => [sign, method]));

// The SDK takes the product from the host's first label; wherever that is, it is the simulator.
const endpoint = `cvm.localhost:${new URL(listen).port}`;
const agent = new http.Agent({ lookup: (_, { all }, found) => (all ? found(null, [{ address: "127.0.0.1", family: 4 }]) : found(null, "127.0.0.1", 4)) });

let passed = 0;
function check(name, found, expected) {
  if (!isDeepStrictEqual(found, expected)) {
    console.log(`WRONG  ${name}: ${JSON.stringify(found)}, and not ${JSON.stringify(expected)}`);
    process.exit(1);
  }
  passed += 1;
  console.log(`ok     ${name}: ${JSON.stringify(found)}`);
}

async function control(path, body) {
  const answer = await fetch(`${listen}/_sim/${path}`, body && { method: "POST", body: JSON.stringify(body) });
  return answer.json();
}

function client([signMethod, reqMethod], { secretId = tencent.secret_id, secretKey = tencent.secret_key, token, region = "ap-guangzhou", version } = {}) {
  const httpProfile = { endpoint, reqMethod, protocol: "http://", agent };
  const made = new CvmClient({ credential: { secretId, secretKey, token }, region, profile: { signMethod, httpProfile, language: "en-US" } });
  if (version) made.apiVersion = version;
  return made;
}

/** The error code of a call at another time than the simulator's, in seconds. */
async function code(sdk, action, params, at = 0) {
  if (at) mock.timers.enable({ apis: ["Date"], now: Date.now() + at * 1000 });
  try {
    await sdk.request(action, params);
    return "none";
  } catch (refusal) {
    return refusal.code ?? `HTTP ${refusal.httpCode ?? "without an answer"}`;
  } finally {
    mock.timers.reset();
  }
}

function subset(found, like) {
  if (found === null || like === null || typeof like !== "object" || Array.isArray(like)) return found;
  return Object.fromEntries(Object.entries(like).map(([name, inner]) => [name, subset(found[name] ?? null, inner)]));
}

/** One reset, from the call to its end. */
async function checkReset(name, sdk, params, then) {
  await control("reset", {});
  const told = (await sdk.ResetInstance({ InstanceId: MACHINE, ...params })).RequestId;
  const look = async (seconds) => {
    const { fleet } = await control("clock", { advance: `${seconds}s` });
    const instance = (await sdk.DescribeInstances({ InstanceIds: [MACHINE] })).InstanceSet[0];
    const seen = [instance.LatestOperation, instance.LatestOperationRequestId === told, instance.LatestOperationState];
    return [seen, { instance, wipe: fleet.wipes[0], agents: fleet.agents[MACHINE] }];
  };
  check(`${name}, at first`, (await look(1))[0], ["StartInstances", false, "SUCCESS"]);
  check(`${name}, seen`, (await look(10))[0], ["ResetInstance", true, "OPERATING"]);
  const [ended, world] = await look(160);
  check(`${name}, done`, [...ended, subset(world, then)], ["ResetInstance", true, "SUCCESS", then]);
}

async function questions(profile) {
  await control("reset", {});
  const sdk = client(profile);
  const machines = await sdk.DescribeInstances({});
  check(`${profile} every machine`, machines.TotalCount, machines.InstanceSet.length);
  const tagged = await sdk.DescribeInstances({ Filters: [{ Name: "tag:env", Values: ["prod", "test"] }], Limit: 1 });
  check(`${profile} by tag`, tagged.InstanceSet.map((one) => one.InstanceId), [MACHINE]);
  const images = await sdk.DescribeImages({ ImageIds: ["img-pmqg1cw7"] });
  check(`${profile} an image`, images.ImageSet[0].OsName, "TencentOS Server 4 for x86_64");
  const { Price } = await sdk.InquiryPriceResetInstance({ InstanceId: MACHINE, SystemDisk: { DiskSize: 60 } });
  check(`${profile} a price`, [Price.InstancePrice.ChargeUnit, Price.InstancePrice.UnitPrice > 0], ["HOUR", true]);
}

/** Who may not, and whose signature is wrong. */
async function strangers(profile) {
  await control("reset", {});
  const reset = ["ResetInstance", { InstanceId: MACHINE }];
  const look = ["DescribeInstances", {}];
  const session = { secretId: "AKIDsimulatedtemporary000000000000", secretKey: "simulated-temporary-secret-key-" };
  const reader = { secretId: "AKIDsimulatedread00000000000000000", secretKey: "simulated-read-secret-key-00000" };
  for (const [name, expected, call, as, at] of [
    ["wrong secret", "AuthFailure.SignatureFailure", reset, { secretKey: "wrong" }],
    ["wrong secret id", "AuthFailure.SecretIdNotFound", reset, { secretId: "AKIDsomebodyelse" }],
    ["a token too many", "AuthFailure.TokenFailure", reset, { token: "session" }],
    ["no token", "AuthFailure.TokenFailure", reset, session],
    ["a good token", "none", look, { ...session, token: "simulated-token-00000000" }],
    ["six minutes late", "AuthFailure.SignatureExpire", reset, {}, -360],
    ["six minutes early", "AuthFailure.SignatureExpire", reset, {}, 360],
    ["four minutes late", "none", look, {}, -240],
    ["a reader resets", "UnauthorizedOperation", reset, reader],
    ["nowhere", "UnsupportedRegion", reset, { region: "ap-nowhere" }],
    ["no region", "MissingParameter", reset, { region: "" }],
    ["another version", "NoSuchVersion", reset, { version: "2016-01-01" }],
  ]) {
    check(`${profile} ${name}`, await code(client(profile, as), ...call, at), expected);
  }
  check(`${profile} nothing was wiped`, (await control("state")).fleet.wipes, []);
}

/** The network's and the cloud's; each call leaves once. */
async function troubles(profile) {
  for (const [fault, expected, wipes] of [
    ["throttle", "RequestLimitExceeded", 0],
    ["drop-before", "HTTP without an answer", 0],
    ["accept-then-drop", "HTTP without an answer", 1],
    ["accept-then-5xx", "HTTP 502", 1],
  ]) {
    await control("reset", {});
    await control("faults", { fault });
    check(`${profile} ${fault}`, await code(client(profile), "ResetInstance", { InstanceId: MACHINE }), expected);
    const { calls, fleet } = await control("state");
    check(`${profile} ${fault}: calls, wipes`, [calls.length, fleet.wipes.length], [1, wipes]);
  }
}

for (const profile of PROFILES) {
  await questions(profile);
  for (const { name, params, then } of good) await checkReset(`${profile} ${name}`, client(profile), params, then);
  await control("reset", {});
  for (const [action, params, expected] of wrong) {
    // No more than ten resets a second are let in.
    if (action === "ResetInstance") await control("reset", {});
    check(`${profile} ${action} ${JSON.stringify(params)}`, await code(client(profile), action, params), expected);
    check("       it wiped nothing", (await control("state")).fleet.wipes, []);
  }
  await strangers(profile);
  await troubles(profile);
}
console.log(`${passed} checks of tencentcloud-sdk-nodejs-cvm passed`);
process.exit(0);
