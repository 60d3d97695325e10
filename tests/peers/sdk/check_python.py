"""Tencent's own Python SDK talks to the simulator, with each of its signatures.

    cleanslate sim --json > ready.json & python3 tests/peers/sdk/check_python.py ready.json

Needs tencentcloud-sdk-python-cvm (PyPI).
"""

import json
import warnings
from unittest import mock

from simulator import CALLS, MACHINE, Simulator
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.cvm.v20170312 import models
from tencentcloud.cvm.v20170312.cvm_client import CvmClient

PROFILES = [(sign, http) for sign in ("TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256") for http in ("POST", "GET")]

# The models warn of each field that they do not know.
warnings.resetwarnings()
warnings.simplefilter("error")
warnings.filterwarnings("ignore", category=DeprecationWarning)

sim = Simulator()


class Client:
    def __init__(self, profile, key=None, region="ap-guangzhou", token=None, version=None, product=None):
        sign, http = profile
        http = HttpProfile(protocol="http", endpoint=sim.host, reqMethod=http)
        credential = Credential(*(key or sim.key), token)
        profile = ClientProfile(sign, http, language="en-US")
        if product:
            self.sdk = CommonClient(*product, credential, region, profile)
        else:
            self.sdk = CvmClient(credential, region, profile)
        if version:
            self.sdk._apiVersion = version

    def typed(self, action, params):
        """By the typed models, there and back."""
        request = getattr(models, f"{action}Request")()
        request.from_json_string(json.dumps(params))
        return json.loads(getattr(self.sdk, action)(request).to_json_string())

    def code(self, action, params):
        try:
            self.sdk.call_json(action, params)
        except TencentCloudSDKException as refusal:
            return refusal.code
        return "none"


def refused(name, expected, *call, at=0, **client):
    """At another time than the simulator's, in seconds, where that is said."""
    import time

    now = time.time() + at
    with mock.patch("tencentcloud.common.abstract_client.time.time", lambda: now):
        sim.check(name, Client(**client).code(*call), expected)


def questions(profile):
    sim.reset()
    client = Client(profile)
    every = client.sdk.call_json("DescribeInstances", {})["Response"]["InstanceSet"]
    # The models cannot read a machine whose LoginSettings are a list, as has been seen in real answers.
    ids = [one["InstanceId"] for one in every if one["LoginSettings"] != []]
    sim.check(f"{profile} every machine", client.typed("DescribeInstances", {"InstanceIds": ids})["TotalCount"], len(ids))
    found = client.typed("DescribeInstances", {"Filters": [{"Name": "tag:env", "Values": ["prod", "test"]}], "Limit": 1})
    sim.check(f"{profile} by tag", [one["InstanceId"] for one in found["InstanceSet"]], [MACHINE])
    found = client.typed("DescribeInstances", {"InstanceIds": ["ins-00000000"]})
    sim.check(f"{profile} an unknown machine", found["TotalCount"], 0)
    found = client.typed("DescribeImages", {})
    sim.check(f"{profile} every image", found["TotalCount"], len(found["ImageSet"]))
    found = client.typed("DescribeImages", {"ImageIds": ["img-pmqg1cw7"]})["ImageSet"][0]
    sim.check(f"{profile} an image", found["OsName"], "TencentOS Server 4 for x86_64")
    larger = {"InstanceId": MACHINE, "SystemDisk": {"DiskSize": 60}}
    price = client.typed("InquiryPriceResetInstance", larger)["Price"]["InstancePrice"]
    sim.check(f"{profile} a price", [price["ChargeUnit"], price["UnitPrice"] > 0], ["HOUR", True])
    disks = Client(profile, product=("cbs", "2017-03-12")).sdk.call_json("DescribeSnapshots", {"Limit": 1})
    sim.check(f"{profile} snapshots", len(disks["Response"]["SnapshotSet"]), 1)
    caller = Client(profile, product=("sts", "2018-08-13")).sdk.call_json("GetCallerIdentity", {})
    sim.check(f"{profile} who calls", caller["Response"]["Type"], "CAMUser")


def strangers(profile):
    """Who may not, and whose signature is wrong."""
    sim.reset()
    secret_id, secret_key = sim.key
    reader = ("AKIDsimulatedread00000000000000000", "simulated-read-secret-key-00000")
    tagged = ("AKIDsimulatedtagged000000000000000", "simulated-tagged-secret-key-000")
    session = ("AKIDsimulatedtemporary000000000000", "simulated-temporary-secret-key-")
    over = ("AKIDsimulatedexpired00000000000000", "simulated-expired-secret-key-00")
    reset, look = ("ResetInstance", {"InstanceId": MACHINE}), ("DescribeInstances", {})
    untagged = ("ResetInstance", {"InstanceId": "ins-private1"})
    for name, expected, call, client in [
        ("wrong secret", "AuthFailure.SignatureFailure", reset, {"key": (secret_id, secret_key + "x")}),
        ("wrong secret id", "AuthFailure.SecretIdNotFound", reset, {"key": ("AKIDsomebodyelse", secret_key)}),
        ("a token too many", "AuthFailure.TokenFailure", reset, {"token": "session"}),
        ("a wrong token", "AuthFailure.TokenFailure", reset, {"key": session, "token": "session"}),
        ("no token", "AuthFailure.TokenFailure", reset, {"key": session}),
        ("a token that is over", "AuthFailure.TokenFailure", look, {"key": over, "token": "simulated-token-11111111"}),
        ("a good token", "none", look, {"key": session, "token": "simulated-token-00000000"}),
        ("six minutes late", "AuthFailure.SignatureExpire", reset, {"at": -360}),
        ("six minutes early", "AuthFailure.SignatureExpire", reset, {"at": 360}),
        ("four minutes late", "none", look, {"at": -240}),
        ("four minutes early", "none", look, {"at": 240}),
        ("a reader resets", "UnauthorizedOperation", reset, {"key": reader}),
        ("a reader looks", "none", look, {"key": reader}),
        ("not tagged for it", "UnauthorizedOperation.PermissionDenied", untagged, {"key": tagged}),
        ("nowhere", "UnsupportedRegion", reset, {"region": "ap-nowhere"}),
        ("no region", "MissingParameter", reset, {"region": ""}),
        ("another version", "NoSuchVersion", reset, {"version": "2016-01-01"}),
    ]:
        refused(f"{profile} {name}", expected, *call, profile=profile, **client)
    sim.check(f"{profile} nothing was wiped", sim.control("state")["fleet"]["wipes"], [])


def troubles(profile):
    """The network's and the cloud's; each call leaves once."""
    for fault, expected, wipes in [
        ("throttle", "RequestLimitExceeded", 0),
        ("refuse=InternalServerError", "InternalServerError", 0),
        ("drop-before", "ClientNetworkError", 0),
        ("accept-then-drop", "ClientNetworkError", 1),
        ("accept-then-5xx", "ServerNetworkError", 1),
    ]:
        sim.reset()
        sim.control("faults", {"fault": fault})
        refused(f"{profile} {fault}", expected, "ResetInstance", {"InstanceId": MACHINE}, profile=profile)
        state = sim.control("state")
        sim.check(f"{profile} {fault}: calls, wipes", [len(state["calls"]), len(state["fleet"]["wipes"])], [1, wipes])


for profile in PROFILES:
    questions(profile)
    for good in CALLS["good"]:
        sim.check_reset(f"{profile} {good['name']}", good["params"], good["then"], Client(profile).typed)
    sim.reset()
    for action, params, code in CALLS["wrong"]:
        if action == "ResetInstance":
            # No more than ten a second are let in.
            sim.reset()
        refused(f"{profile} {action} {json.dumps(params)}", code, action, params, profile=profile)
        sim.check("       it wiped nothing", sim.control("state")["fleet"]["wipes"], [])
    strangers(profile)
    troubles(profile)
print(f"{sim.passed} checks of tencentcloud-sdk-python-cvm passed")
