"""Cuts the schemas that this program's messages are judged by out of Discord's OpenAPI document.

    python3 cut_discord_schemas.py openapi.json > discord_schemas.json

The document is published at https://github.com/discord/discord-api-spec (specs/openapi.json).
"""

import json
import sys

# What is judged, and the request body of the reference that says how.
ROOTS = {
    "message": ("/channels/{channel_id}/messages", "post"),
    "edit": ("/channels/{channel_id}/messages/{message_id}", "patch"),
    "response": ("/interactions/{interaction_id}/{interaction_token}/callback", "post"),
    "commands": ("/applications/{application_id}/commands", "put"),
}
PREFIX = "#/components/schemas/"


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(PREFIX)
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from references(inner)


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    every = document["components"]["schemas"]
    roots = {}
    for kind, (path, verb) in ROOTS.items():
        content = document["paths"][path][verb]["requestBody"]["content"]
        roots[kind] = content["application/json"]["schema"]
    kept, wanted = {}, list(references(roots))
    while wanted:
        name = wanted.pop()
        if name not in kept:
            kept[name] = every[name]
            wanted.extend(references(every[name]))
    cut = {"components": {"schemas": dict(sorted(kept.items()))}, "roots": roots}
    json.dump(cut, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
