"""The roles against a list that was written by hand, from what each function is for.

`test_permissions.py` compares them with what functions were seen to call; that would let in what a
mistake in the code calls. This list says what a function has any business with, by capabilities.
"""

import json
from collections.abc import Mapping

import pytest

from tests.terraform.conftest import Plans, Statement, Statements, listed

pytestmark = pytest.mark.terraform

CAPABILITIES = {
    "GetItem": "read",
    "BatchGetItem": "read",
    "Query": "read",
    "ConditionCheckItem": "read",
    "Scan": "scan",
    "PutItem": "create",
    "UpdateItem": "change",
    "DeleteItem": "delete",
    "SendMessage": "send",
    "ReceiveMessage": "take",
    "DeleteMessage": "take",
    "GetQueueAttributes": "count",
    "POST": "post",
    "DELETE": "close",
    "DescribeStream": "follow",
    "GetRecords": "follow",
    "GetShardIterator": "follow",
    "ListStreams": "follow",
    "CreateLogStream": "log",
    "PutLogEvents": "log",
    "PutTelemetryRecords": "trace",
    "PutTraceSegments": "trace",
}
"""Each action that any role has; one that is not here is refused by the test."""

LEAVING = {
    "sessions": "read change",
    "counts": "read change",
    "connections": "read change delete",
    "subscriptions": "read create delete",
    "requests": "read change",
}
"""Needed to clean up after a connection that is found gone. Subscriptions are made
where they move to the connection that took over."""
BOTH = {"jobs": "send", "sockets": "post"}
MAY: Mapping[str, Mapping[str, str]] = {
    # For operators: it looks at everything, says a word, ends sessions, removes people, and counts
    # the jobs that wait.
    "api_handler": LEAVING
    | {
        "history": "read create",
        "rate_limits": "read change",
        "jobs": "send count",
        "sockets": "post close",
    },
    "websocket_connect": LEAVING
    | BOTH
    | {
        "sessions": "read create change",
        "counts": "read create change",
        "connections": "read create change delete",
        "rate_limits": "read change",
        "replies": "send",
    },
    "websocket_message": LEAVING
    | BOTH
    | {
        "sessions": "read create change",
        "counts": "read create change",
        "requests": "read create change",
        "history": "read create",
        "rate_limits": "read change",
    },
    "websocket_disconnect": LEAVING | BOTH,
    "sweep_connections": LEAVING
    | {
        "connections": "read scan change delete",
        "rate_limits": "change delete",
        "jobs": "send",
        "sockets": "post close",
    },
    "publish_status": LEAVING | BOTH,
    "reconcile_counts": {
        "sessions": "read",
        "counts": "read change",
        "connections": "read",
        "jobs": "send",
    },
    "on_session_change": LEAVING | BOTH | {"stream": "follow", "dead_letters": "send"},
    "on_counts_change": LEAVING
    | BOTH
    | {"history": "create", "stream": "follow", "dead_letters": "send"},
    "run_jobs": LEAVING
    | {
        "connections": "read scan change delete",
        "history": "read",
        "rate_limits": "change delete",
        "jobs": "send take count",
        "replies": "send",
        "sockets": "post close",
    },
    "send_replies": {
        "sessions": "read change",
        "connections": "read change",
        "history": "read",
        "replies": "send take count",
        "sockets": "post close",
    },
}
"""Besides its own log and traces. Nobody deletes a session, a request, a broadcast: they expire."""


def test_each_function_may_do_what_it_is_for(
    statements: Statements,
) -> None:
    found = {function: capabilities(policy) for function, policy in statements.items()}

    own = {"log": "log", "anything": "trace"}
    assert found == {
        function: {what: set(words.split()) for what, words in {**may, **own}.items()}
        for function, may in MAY.items()
    }


def test_no_statement_has_a_wildcard_but_that_of_traces(
    statements: Statements,
) -> None:
    for policy in statements.values():
        for statement in policy:
            assert statement["Effect"] == "Allow"
            assert not {"NotAction", "NotResource", "NotPrincipal"} & statement.keys()
            assert not any("*" in action for action in statement["Action"])
            for arn in listed(statement["Resource"]):
                # Connections, log streams, and the streams of one table have no names to give.
                named = arn.removesuffix("/@connections/*").removesuffix(":*")
                named = named.removesuffix("/stream/*")
                assert "*" not in named or statement["Sid"] == "WriteTraces", statement


def test_only_lambda_takes_on_a_role(module_plans: Plans) -> None:
    roles = module_plans("access")["roles"].of_type("aws_iam_role")

    assert len(roles) == len(MAY)
    for role in roles.values():
        [statement] = json.loads(role.values["assume_role_policy"])["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert statement["Action"] == "sts:AssumeRole"


def capabilities(policy: list[Statement]) -> dict[str, set[str]]:
    """Return what a policy allows with each table, queue, …, in the words of `CAPABILITIES`."""
    found: dict[str, set[str]] = {}
    for statement in policy:
        for arn in listed(statement["Resource"]):
            actions = [action.partition(":")[2] for action in statement["Action"]]
            if ":execute-api:" in arn:
                actions = [arn.split("/")[-3]]
            words = {CAPABILITIES[action] for action in actions}
            found.setdefault(_kind(arn), set()).update(words)
    return found


def _kind(arn: str) -> str:
    if arn == "*":
        return "anything"
    if "/stream/" in arn:
        return "stream"
    if ":execute-api:" in arn:
        return "sockets"
    if ":logs:" in arn:
        return "log"
    name = arn.partition("lectern-test-")[2].partition("/")[0]
    return "dead_letters" if "dead" in name else name
