"""Signs again, with the code of Tencent's own SDKs, every request that this program sent, and compares.

    cargo test --test it cloud_contract && python3 tests/peers/sdk/check_signatures.py target/tmp/tencent.jsonl

One JSON object a line: `method`, `target`, `headers` (names in lower case), `body`, and the key that it should be signed
with. Needs tencentcloud-sdk-python-common and qcloudapi-sdk-python (PyPI).
"""

import collections
import datetime
import hashlib
import json
import pathlib
import sys
from urllib.parse import parse_qsl, urlsplit

from QcloudApi.common.sign import Sign as LegacySign
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.common.sign import Sign

SERVICES = {"DescribeSnapshots": "cbs"}
SIGNED = ["content-type", "host", "x-tc-action"]


def tc3(request):
    """Its `Authorization`. The SDK's own canonical request leaves the action out, so that is written here, from the
    documentation ("Signature v3"): values in lower case and trimmed."""
    headers = request["headers"]
    signed = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in SIGNED)
    payload = hashlib.sha256(request["body"].encode()).hexdigest()
    path, _, query = request["target"].partition("?")
    canonical = "\n".join([request["method"], path, query, signed, ";".join(SIGNED), payload])
    timestamp = headers["x-tc-timestamp"]
    date = datetime.datetime.fromtimestamp(int(timestamp), datetime.timezone.utc).strftime("%Y-%m-%d")
    service = SERVICES.get(headers["x-tc-action"], "cvm")
    scope = f"{date}/{service}/tc3_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"
    signature = Sign.sign_tc3(request["secret_key"], date, service, to_sign)
    credential = f"Credential={request['secret_id']}/{scope}"
    return f"TC3-HMAC-SHA256 {credential}, SignedHeaders={';'.join(SIGNED)}, Signature={signature}"


def v1(request, parameters):
    """Its `Signature`, by both SDKs."""
    method, path = request["method"], urlsplit(request["target"]).path
    host = request["headers"]["host"].partition(":")[0]
    profile = ClientProfile(parameters["SignatureMethod"], HttpProfile(endpoint=host, reqMethod=method))
    credential = Credential(request["secret_id"], request["secret_key"])
    client = CommonClient("cvm", "2017-03-12", credential, "ap-guangzhou", profile)
    client._requestPath = path
    to_sign = client._format_sign_string(parameters)
    modern = Sign.sign(request["secret_key"], to_sign, parameters["SignatureMethod"])
    legacy = LegacySign(request["secret_id"], request["secret_key"])
    return modern, legacy.make(host, path, parameters, method, parameters["SignatureMethod"])


def judge(request):
    """What was signed, what was sent, and what should have been."""
    headers = request["headers"]
    if "authorization" in headers:
        return ("TC3-HMAC-SHA256", headers["x-tc-action"]), headers["authorization"], {tc3(request)}
    parameters = dict(parse_qsl(urlsplit(request["target"]).query, strict_parsing=True))
    sent = parameters.pop("Signature")
    return (parameters["SignatureMethod"], parameters["Action"]), sent, set(v1(request, parameters))


def main():
    counts = collections.Counter()
    for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
        what, sent, right = judge(json.loads(line))
        if right != {sent}:
            print(f"WRONG  {what}: {sent}, and not {right}\n{line}")
            return 1
        counts[what] += 1
    for what, count in sorted(counts.items()):
        print("ok    ", *what, count)
    print(f"{counts.total()} signatures of this program are those of Tencent's own SDKs")
    return 0 if counts else 1


if __name__ == "__main__":
    sys.exit(main())
