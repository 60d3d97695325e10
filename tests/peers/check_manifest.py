"""Validates a Slack app manifest, given on stdin as JSON, against Slack's own schema.

    cleanslate manifest | python3 tests/peers/check_manifest.py

Needs `jsonschema` (PyPI). The schema is slackapi/manifest-schema, version 2.0.0.
"""

import json
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).parent.parent / "fixtures" / "manifest.schema.2.0.0.json"


def main() -> int:
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    errors = sorted(validator.iter_errors(json.load(sys.stdin)), key=lambda error: list(error.path))
    for error in errors:
        print(f"{error.json_path}: {error.message}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
