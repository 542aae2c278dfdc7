"""The decisions of IAM."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from localcloud.errors import DeniedError
from localcloud.permissions import required_actions
from localcloud.permissions.policies import Decision, decide
from tests.localcloud.world import World

TABLE = "arn:aws:dynamodb:us-east-1:1:table/t"


@pytest.mark.parametrize(
    ("statement", "action", "resource", "allowed"),
    [
        ({"Action": "dynamodb:GetItem", "Resource": TABLE}, "dynamodb:GetItem", TABLE, True),
        ({"Action": "dynamodb:getitem", "Resource": TABLE}, "dynamodb:GetItem", TABLE, True),
        ({"Action": "dynamodb:Get*", "Resource": TABLE}, "dynamodb:GetItem", TABLE, True),
        ({"Action": "dynamodb:Get?tem", "Resource": "*"}, "dynamodb:GetItem", TABLE, True),
        ({"Action": "dynamodb:Get", "Resource": TABLE}, "dynamodb:GetItem", TABLE, False),
        ({"Action": ["a:B", "dynamodb:*"], "Resource": TABLE}, "dynamodb:GetItem", TABLE, True),
        ({"Action": "dynamodb:*", "Resource": TABLE.upper()}, "dynamodb:GetItem", TABLE, False),
        ({"Action": "*", "Resource": f"{TABLE}/index/*"}, "dynamodb:Query", TABLE, False),
        ({"Action": "*", "Resource": [f"{TABLE}/index/*"]}, "a:B", f"{TABLE}/index/i", True),
        ({"NotAction": "sqs:*", "Resource": "*"}, "dynamodb:Query", TABLE, False),
        ({"Action": "*", "NotResource": TABLE}, "a:B", TABLE, False),
        ({"Action": "a.b:C", "Resource": "*"}, "axb:C", TABLE, False),
    ],
)
def test_one_statement(
    statement: Mapping[str, Any], action: str, resource: str, allowed: bool
) -> None:
    document = json.dumps({"Statement": {"Effect": "Allow", **statement}})

    decision = decide([document], action, resource, {})

    assert (decision is Decision.ALLOWED) == allowed


HERE, ELSEWHERE = "arn:aws:events:us-east-1:1:rule/r", "arn:aws:events:us-east-1:2:rule/r"


@pytest.mark.parametrize(
    ("condition", "allows", "denies"),
    [
        ({"StringEquals": {"aws:SourceArn": [ELSEWHERE, HERE]}}, True, True),
        ({"StringEquals": {"aws:SourceArn": ELSEWHERE}}, False, False),
        ({"ArnLike": {"AWS:sourcearn": "arn:aws:events:*:1:*"}}, True, True),
        ({"ArnLike": {"aws:SourceArn": HERE}, "StringLike": {"aws:Unknown": "*"}}, False, False),
        ({"NumericLessThan": {"aws:Unknown": "1"}}, False, True),
    ],
)
def test_conditions(condition: Mapping[str, Any], *, allows: bool, denies: bool) -> None:
    everything = {"Action": "*", "Resource": "*"}
    allow = everything | {"Effect": "Allow", "Condition": condition}
    deny = everything | {"Effect": "Deny", "Condition": condition}
    request = {"aws:sourcearn": HERE}

    allowed = decide([json.dumps({"Statement": allow})], "a:B", "r", request)
    denied = decide([json.dumps({"Statement": deny})], "a:B", "r", request)

    assert (allowed is Decision.ALLOWED, denied is Decision.DENIED) == (allows, denies)


def test_an_explicit_deny_wins(world: World) -> None:
    deny = {"Effect": "Deny", "Action": "dynamodb:DeleteItem", "Resource": "*"}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    key = world.permissions.assume_role(world.role("some", deny, allow), "f").access_key_id

    world.permissions.authorize(key, [("dynamodb:PutItem", TABLE)])
    with pytest.raises(DeniedError, match="with an explicit deny in an identity-based policy"):
        world.permissions.authorize(key, [("dynamodb:DeleteItem", TABLE)])


def test_a_refusal_is_worded_as_iam_words_it(world: World) -> None:
    role = world.role("few", {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    key = world.permissions.assume_role(role, "function-name").access_key_id

    with pytest.raises(DeniedError) as refusal:
        world.permissions.authorize(key, [("dynamodb:PutItem", TABLE)])

    user = f"arn:aws:sts::{world.context.account}:assumed-role/few/function-name"
    assert str(refusal.value) == (
        f"User: {user} is not authorized to perform: dynamodb:PutItem on resource: {TABLE} "
        "because no identity-based policy allows the dynamodb:PutItem action"
    )


def test_sqs_words_its_actions_in_lower_case(world: World) -> None:
    role = world.role("few", {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"})
    key = world.permissions.assume_role(role, "f").access_key_id

    with pytest.raises(DeniedError, match="to perform: sqs:sendmessage on resource: q because"):
        world.permissions.authorize(key, [("sqs:SendMessage", "q")])


def test_an_attached_policy_counts_and_a_change_does_at_once(world: World) -> None:
    role = world.role("some", {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    iam = world.context.backend("iam")
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "a:B"}}
    document["Statement"]["Resource"] = "*"  # type: ignore[index]
    policy = iam.create_policy("", "/", json.dumps(document), "attached", [])

    assert not world.permissions.role_allows(role, [("a:B", "x")])
    iam.attach_role_policy(policy.arn, "some")
    assert world.permissions.role_allows(role, [("a:B", "x"), ("sqs:SendMessage", "q")])
    world.role("some", {"Effect": "Allow", "Action": "c:D", "Resource": "*"})
    assert not world.permissions.role_allows(role, [("sqs:SendMessage", "q")])


def test_the_accounts_own_key_may_do_everything_and_an_unknown_one_nothing(world: World) -> None:
    world.permissions.authorize(world.context.access_key_id, [("a:B", "*")])

    with pytest.raises(DeniedError):
        world.permissions.authorize("AKIASOMEBODY", [("a:B", "*")])
    assert world.permissions.secret_of("AKIASOMEBODY") is None


def test_the_actions_that_calls_require(world: World) -> None:
    here = f"us-east-1:{world.context.account}"
    table, queue = f"arn:aws:dynamodb:{here}:table/t", f"arn:aws:sqs:{here}:q"
    transaction = [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "u"}}]

    def wanted(service: str, operation: str, **body: Any) -> list[tuple[str, str]]:
        return required_actions(world.context, service, operation, body)

    assert wanted("dynamodb", "GetItem", TableName="t") == [("dynamodb:GetItem", table)]
    assert wanted("dynamodb", "Query", TableName="t", IndexName="i") == [
        ("dynamodb:Query", f"{table}/index/i")
    ]
    assert wanted("dynamodb", "TransactWriteItems", TransactItems=transaction) == [
        ("dynamodb:PutItem", table),
        ("dynamodb:ConditionCheckItem", table[:-1] + "u"),
    ]
    assert wanted("dynamodb", "BatchGetItem", RequestItems={"t": {}}) == [
        ("dynamodb:BatchGetItem", table)
    ]
    assert wanted("sqs", "SendMessageBatch", QueueUrl="http://127.0.0.1:1/1/q") == [
        ("sqs:SendMessage", queue)
    ]
    assert wanted("logs", "CreateLogGroup") == [("logs:CreateLogGroup", "*")]


def test_who_may_invoke_a_function(world: World) -> None:
    arn = world.function("f", "def handler(event, context): pass")
    rule = f"arn:aws:events:us-east-1:{world.context.account}:rule/r"
    permission = {
        "StatementId": "one",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": rule,
    }
    world.context.backend("lambda").add_permission("f", None, json.dumps(permission))
    may = world.permissions.may_invoke

    assert may(arn, "events.amazonaws.com", rule)
    assert not may(arn, "events.amazonaws.com", rule + "2")
    assert not may(arn, "apigateway.amazonaws.com", rule)
    assert not may(f"{arn}:live", "events.amazonaws.com", rule)
