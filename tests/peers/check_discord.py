"""Validates what is sent to Discord against Discord's own OpenAPI document.

    cargo test --test it chat_contract && python3 tests/peers/check_discord.py target/tmp/discord.jsonl

One JSON object a line: `kind` (a root of discord_schemas.json) and `body`. The schemas let unknown fields pass, so each
body is judged twice: as it is, and, without what is empty, by schemas that know no other fields than their own. Needs
`jsonschema` (PyPI).
"""

import collections
import copy
import json
import pathlib
import sys

import jsonschema

CUT = json.loads((pathlib.Path(__file__).parent / "discord_schemas.json").read_text())


def strict(node):
    """Objects closed where a schema lists their properties."""
    if isinstance(node, list):
        return [strict(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    node = {name: strict(inner) for name, inner in node.items()}
    if node.get("type") in ("object", ["object", "null"]) and "properties" in node:
        node.setdefault("additionalProperties", False)
    return node


def full(node):
    """What is null, false or empty says nothing: builders write it everywhere."""
    if isinstance(node, list):
        return [full(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    node = {name: full(inner) for name, inner in node.items()}
    return {name: inner for name, inner in node.items() if inner not in (None, False, [], {})}


class Judge:
    """Of one kind of body."""

    def __init__(self, root):
        schema = {"components": CUT["components"], **root}
        jsonschema.Draft202012Validator.check_schema(schema)
        self.loose = jsonschema.Draft202012Validator(schema)
        self.strict = jsonschema.Draft202012Validator(strict(copy.deepcopy(schema)))

    def fault(self, body):
        loose = jsonschema.exceptions.best_match(self.loose.iter_errors(body))
        return loose or jsonschema.exceptions.best_match(self.strict.iter_errors(full(body)))


def broken(kind, body):
    """Bodies that must be refused, so that an empty schema is not taken for a yes."""
    body = copy.deepcopy(body)
    if kind == "commands":
        body[0]["description"] = "x" * 101
    elif kind == "response":
        body["type"] = 99
    else:
        body["content"] = "x" * 4001
    yield body
    if isinstance(body, dict):
        yield {**body, "surplus": 1}


def main() -> int:
    known = {kind: Judge(root) for kind, root in CUT["roots"].items()}
    seen, faults = collections.Counter(), 0
    with open(sys.argv[1], encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            sent = json.loads(line)
            kind, body = sent["kind"], sent["body"]
            error = known[kind].fault(body)
            if error is not None:
                faults += 1
                print(f"line {number}, {kind}: {error.json_path}: {error.message[:300]}", file=sys.stderr)
            if seen[kind] == 0:
                for bad in broken(kind, body):
                    if known[kind].fault(bad) is None:
                        faults += 1
                        print(f"{kind}: a broken body passes", file=sys.stderr)
            seen[kind] += 1
    missing = known.keys() - seen.keys()
    if missing:
        print(f"nothing was sent of: {', '.join(sorted(missing))}", file=sys.stderr)
    print(", ".join(f"{count} {kind}" for kind, count in sorted(seen.items())))
    return 1 if faults or missing else 0


if __name__ == "__main__":
    sys.exit(main())
