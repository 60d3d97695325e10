"""Compares template.yaml with the code: what each role may do with what the code calls, and the tables with their keys.

A permission that is missing breaks a function at three in the morning; one too many is a way in.
"""

import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).parents[2]


class Template(yaml.SafeLoader):
    """CloudFormation's short forms, as (name, argument)."""


def short_form(loader, suffix, node):
    make = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: loader.construct_sequence,
        yaml.MappingNode: loader.construct_mapping,
    }
    return (suffix, make[type(node)](node))


Template.add_multi_constructor("!", short_form)


def text(folder):
    files = sorted((ROOT / "src" / folder).rglob("*.rs")) if (ROOT / "src" / folder).is_dir() else [ROOT / "src" / folder]
    return "".join(file.read_text().split("#[cfg(test)]")[0] for file in files)


def store_calls():
    """What the store calls, by table: rows are written by parts of a transaction."""
    code = text("store/dynamo")
    parts = {"Update": "UpdateItem", "Delete": "DeleteItem", "Put": "PutItem", "ConditionCheck": "ConditionCheckItem"}
    calls = {"get_item": "GetItem", "batch_get_item": "BatchGetItem", "query": "Query", "update_item": "UpdateItem",
             "put_item": "PutItem", "delete_item": "DeleteItem", "scan": "Scan", "describe_table": "DescribeTable"}
    state, log = set(), set()
    for match in re.finditer(r"\b(Update|Delete|Put|ConditionCheck)::builder\(\)\s*\.table_name\((&\S+?)\)", code):
        (log if "log" in match[2] else state).add(parts[match[1]])
    for match in re.finditer(r"\.client\s*\.(\w+)\(\)(?:\s*\.(?:table_name|request_items)\((&\S+?)[,)])?", code):
        if match[1] != "transact_write_items":
            (log if match[2] and "log" in match[2] else state).add(calls[match[1]])
    builders = len(re.findall(r"\b(?:Update|Delete|Put|ConditionCheck)::builder\(\)", code))
    named = len(re.findall(r"\b(?:Update|Delete|Put|ConditionCheck)::builder\(\)\s*\.table_name", code))
    assert builders == named, "a part of a transaction does not begin with its table"
    return {"dynamodb:" + call for call in state}, {"dynamodb:" + call for call in log}


def secret_calls():
    calls = {"get_secret_value": "GetSecretValue", "create_secret": "CreateSecret"}
    found = re.findall(r"\.client\s*\.(\w+)\(\)", text("secrets/manager.rs"))
    return {"secretsmanager:" + calls[call] for call in found}


def statements(function):
    for statement in function["Properties"]["Policies"][0]["Statement"]:
        actions = statement["Action"]
        resources = statement["Resource"]
        resources = resources if isinstance(resources, list) else [resources]
        yield statement["Sid"], {actions} if isinstance(actions, str) else set(actions), [r[1] for r in resources]


def secrets_of(resources):
    return {re.search(r":secret:\$\{(\w+)\}", resource)[1] for resource in resources}


def check_role(name, function, secrets):
    state, log = store_calls()
    allowed = {sid: (actions, resources) for sid, actions, resources in statements(function)}
    assert allowed["State"] == (state, ["State.Arn", "${State.Arn}/index/*"]), (name, state, allowed["State"])
    assert allowed["Log"] == (log, ["Log.Arn"]), (name, log, allowed["Log"])
    assert log == {"dynamodb:PutItem", "dynamodb:Query"}, log
    actions, resources = allowed["Secrets"]
    assert actions == {"secretsmanager:GetSecretValue"} and secrets_of(resources) == secrets, (name, resources)
    return allowed


def check_table(table, definition):
    """`definition` is the const in the store's own list of tables."""
    code = re.search(rf"pub const {definition}: Table =\s*Table \{{(.*?)\}};", text("store/dynamo/tables.rs"), re.S)[1]
    field = lambda name: re.search(rf'{name}: \("(\w+)", "(\w)"\)', code).groups()
    partition, sort = field("partition"), field("sort")
    indexes = re.findall(r'\("(\w+)", \("(\w+)", "(\w)"\)\)', code)
    properties = table["Properties"]
    keys = lambda schema: [(key["AttributeName"], key["KeyType"]) for key in schema]
    assert keys(properties["KeySchema"]) == [(partition[0], "HASH"), (sort[0], "RANGE")]
    types = {(one["AttributeName"], one["AttributeType"]) for one in properties["AttributeDefinitions"]}
    assert types == {partition, sort} | {(name, kind) for _, name, kind in indexes}, types
    local = {one["IndexName"]: keys(one["KeySchema"]) for one in properties.get("LocalSecondaryIndexes", [])}
    assert local == {index: [(partition[0], "HASH"), (name, "RANGE")] for index, name, _ in indexes}, local
    expires = re.search(r'expires: Some\("(\w+)"\)', code)
    assert properties.get("TimeToLiveSpecification", {}).get("AttributeName") == (expires and expires[1])
    assert properties["DeletionProtectionEnabled"] and table["DeletionPolicy"] == "Retain"
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


def main():
    resources = yaml.load((ROOT / "template.yaml").read_text(), Template)["Resources"]
    front, worker = resources["Front"], resources["Worker"]
    allowed = check_role("front", front, {"Config", "Verify"})
    assert allowed.keys() == {"State", "Log", "Secrets", "Wake"}
    assert allowed["Wake"] == ({"lambda:InvokeFunction"}, ["Worker.Arn"])
    assert re.findall(r"\.client\.(\w+)\(\)", text("entry/lambda/waker.rs")) == ["invoke"]
    allowed = check_role("worker", worker, {"Config", "Bot", "Cloud"})
    assert allowed.keys() == {"State", "Log", "Secrets", "Vault"}
    assert allowed["Vault"][0] == secret_calls() and secrets_of(allowed["Vault"][1]) == {"VaultPrefix"}
    assert "FunctionUrlConfig" not in worker["Properties"] and "FunctionUrlConfig" in front["Properties"]
    check_table(resources["State"], "STATE")
    check_table(resources["Log"], "LOG")
    for role, function in [("front", front), ("worker", worker)]:
        assert function["Properties"]["Environment"]["Variables"]["CLEANSLATE_ROLE"] == role
    print("two roles, two tables: as the code calls and keys them")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as why:
        sys.exit(f"template.yaml and the code disagree: {why}")
