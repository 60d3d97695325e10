"""Tencent's first Python SDK talks to the simulator's legacy API, /v2/index.php.

    cleanslate sim --json > ready.json & python3 tests/peers/sdk/check_legacy.py ready.json

It calls https://cvm.api.qcloud.com and nothing else, so its own settings are used: a proxy, which ends TLS with a
certificate made here, and the environment's certificates. Needs qcloudapi-sdk-python (PyPI) and openssl.
"""

import json
import os
import random
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
from unittest import mock

from simulator import CALLS, MACHINE, Simulator

PROFILES = [(sign, http) for sign in ("HmacSHA1", "HmacSHA256") for http in ("GET", "POST")]
HOST = "cvm.api.qcloud.com"

sim = Simulator()


def certificate(folder):
    made = f"{folder}/{HOST}.pem"
    subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-days", "2"]
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", made, "-out", f"{made}.crt"]
    subprocess.run(["openssl", "req", "-x509", *key, *subject], check=True, capture_output=True)
    with open(made, "a") as both, open(f"{made}.crt") as public:
        both.write(public.read())
    return made


class Proxy(socketserver.StreamRequestHandler):
    """`CONNECT`, and then TLS on this side and the simulator on the other."""

    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        host, port = sim.host.split(":")
        with tls.wrap_socket(self.connection, server_side=True) as client, socket.create_connection((host, port)) as there:
            back = threading.Thread(target=pump, args=(there, client))
            back.start()
            pump(client, there)
            back.join()


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        # Whoever closed it first knows why.
        pass


folder = tempfile.TemporaryDirectory()
pem = certificate(folder.name)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(pem)
proxy = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy)
proxy.daemon_threads = True
threading.Thread(target=proxy.serve_forever, daemon=True).start()
os.environ["https_proxy"] = f"http://127.0.0.1:{proxy.server_address[1]}"
os.environ["SSL_CERT_FILE"] = pem

from QcloudApi.qcloudapi import QcloudApi  # noqa: E402 - it may read the environment at any time


def call(profile, action, params, key=None, version="2017-03-12", region="ap-guangzhou", at=0, **more):
    """The whole answer of a call at another time than the simulator's, in seconds."""
    sign, http = profile
    secret_id, secret_key = key or sim.key
    config = {"Region": region, "Version": version, "secretId": secret_id, "secretKey": secret_key}
    config.update(method=http, SignatureMethod=sign, **more)
    now = time.time() + at
    with mock.patch("QcloudApi.modules.base.time.time", lambda: now):
        return json.loads(QcloudApi("cvm", config).call(action, params))


def code(answer):
    """Numeric for a call without a version; those of API 3.0 otherwise."""
    if "Response" in answer:
        return answer["Response"].get("Error", {}).get("Code", "none")
    return answer["code"]


def strangers(profile):
    """Who may not, and whose signature is wrong: with a version, and as a number."""
    secret_id, secret_key = sim.key
    reader = ("AKIDsimulatedread00000000000000000", "simulated-read-secret-key-00000")
    tagged = ("AKIDsimulatedtagged000000000000000", "simulated-tagged-secret-key-000")
    for name, expected, number, options in [
        ("wrong secret", "AuthFailure.SignatureFailure", 4100, {"key": (secret_id, "wrong")}),
        ("wrong secret id", "AuthFailure.SecretIdNotFound", 4104, {"key": ("AKIDsomebodyelse", secret_key)}),
        ("a token too many", "AuthFailure.TokenFailure", 4105, {"Token": "session"}),
        ("a reader", "UnauthorizedOperation", 4101, {"key": reader}),
        ("not tagged for it", "UnauthorizedOperation.PermissionDenied", 4102, {"key": tagged, "id": "ins-private1"}),
        ("two hours late", 4500, 4500, {"at": -7300}),
        ("two hours early", 4500, 4500, {"at": 7300}),
        ("nowhere", "UnsupportedRegion", 4000, {"region": "ap-nowhere"}),
        ("no region", "MissingParameter", 4000, {"region": ""}),
        ("no such action", "InvalidAction", 6100, {"action": "NoSuchAction"}),
        ("no such machine", "InvalidInstanceId.NotFound", 5000, {"id": "ins-00000000"}),
        ("a busy machine", "OperationDenied.InstanceOperationInProgress", 5100, {"id": "ins-busy0001"}),
    ]:
        sim.reset()
        options = dict(options)
        asked = options.pop("action", "ResetInstance"), {"InstanceId": options.pop("id", MACHINE)}
        for version, wanted in (("2017-03-12", expected), ("", number)):
            answer = call(profile, *asked, version=version, **options)
            sim.check(f"{profile} {name}, version {version!r}", code(answer), wanted)
        sim.check("       it wiped nothing", sim.control("state")["fleet"]["wipes"], [])


def nonces(profile):
    """A nonce counts once; the time does not matter for two hours."""
    sim.reset()
    with mock.patch("QcloudApi.modules.base.random.randint", lambda *_: random.Random(profile[0]).getrandbits(62)):
        look = ("DescribeInstances", {"InstanceIds": [MACHINE]})
        sim.check(f"{profile} a nonce", code(call(profile, *look)), "none")
        sim.check(f"{profile} the same nonce", code(call(profile, *look)), 4500)
    sim.check(f"{profile} nearly two hours late", code(call(profile, *look, at=-7100)), "none")


for profile in PROFILES:
    for good in CALLS["good"]:
        versions = [("2017-03-12", "ap-guangzhou")] if good["params"] else [("2017-03-12", "gz"), ("", "gz")]
        for version, region in versions:

            def ask(action, params):
                answer = call(profile, action, params, version=version, region=region)
                sim.check(f"{profile} {action}, version {version!r}", code(answer), "none" if version else 0)
                return answer.get("Response", answer)

            sim.check_reset(f"{profile} {good['name']}", good["params"], good["then"], ask)
    for action, params, expected in CALLS["wrong"]:
        sim.reset()
        sim.check(f"{profile} {action} {json.dumps(params)}", code(call(profile, action, params)), expected)
        sim.check("       it wiped nothing", sim.control("state")["fleet"]["wipes"], [])
    strangers(profile)
    nonces(profile)
print(f"{sim.passed} checks of qcloudapi-sdk-python passed")
