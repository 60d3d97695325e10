"""The simulator as the checks of the Python SDKs see it."""

import json
import pathlib
import sys
import urllib.request

CALLS = json.loads((pathlib.Path(__file__).parent / "calls.json").read_text())
MACHINE = "ins-r8hr2upy"


class Simulator:
    """Of the line that `cleanslate sim --json` prints. Each check begins with a fleet that nobody has touched."""

    def __init__(self):
        ready = json.loads(pathlib.Path(sys.argv[1]).read_text())
        self.url = ready["listen"]
        self.host = self.url.removeprefix("http://")
        self.key = (ready["tencent"]["secret_id"], ready["tencent"]["secret_key"])
        self.passed = 0

    def control(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        # No proxy: one of the checks sets one for its SDK.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(f"{self.url}/_sim/{path}", data=data)) as answer:
            return json.load(answer)

    def reset(self):
        self.control("reset", {})

    def advance(self, seconds):
        return self.control("clock", {"advance": f"{seconds}s"})

    def check(self, name, found, expected):
        if found != expected:
            print(f"WRONG  {name}: {found!r}, and not {expected!r}")
            sys.exit(1)
        self.passed += 1
        print(f"ok     {name}: {json.dumps(found)}")

    def check_reset(self, name, params, then, call):
        """One reset, from the call to its end. `call(action, params)` gives the answer as a dictionary."""
        self.reset()
        # A request id that is not told is that of the only wipe.
        told = call("ResetInstance", {"InstanceId": MACHINE, **params}).get("RequestId")

        def look(state):
            instance = call("DescribeInstances", {"InstanceIds": [MACHINE]})["InstanceSet"][0]
            (wipe,) = state["fleet"]["wipes"]
            assert told in (None, wipe["request_id"]), (told, wipe)
            seen = instance["LatestOperation"], instance["LatestOperationRequestId"] == wipe["request_id"]
            agents = state["fleet"]["agents"][MACHINE]
            return *seen, instance["LatestOperationState"], {"instance": instance, "wipe": wipe, "agents": agents}

        self.check(f"{name}, at first", look(self.advance(1))[:3], ("StartInstances", False, "SUCCESS"))
        self.check(f"{name}, seen", look(self.advance(10))[:3], ("ResetInstance", True, "OPERATING"))
        *ended, world = look(self.advance(160))
        self.check(f"{name}, done", [*ended, subset(world, then)], ["ResetInstance", True, "SUCCESS", then])


def subset(found, like):
    """`found` without what `like` does not name."""
    if isinstance(found, dict) and isinstance(like, dict):
        return {name: subset(found.get(name), inner) for name, inner in like.items()}
    return found
