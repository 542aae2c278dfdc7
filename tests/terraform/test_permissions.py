"""Each function's role allows what the function was seen to call, and nothing else."""

import re
from collections.abc import Iterator

import pytest

from tests.aws import Aws
from tests.terraform.conftest import Statement, Statements, listed
from tests.terraform.driven import Driven
from tests.terraform.recorder import Needed, Recorder
from tests.terraform.scenarios import SCENARIOS

pytestmark = pytest.mark.terraform

# What Lambda itself does with a function's role, around the function.
BY_LAMBDA = {
    "ReceiveJobs",
    "ReadStream",
    "ListStreams",
    "GiveUpOnBatch",
    "WriteLogs",
    "WriteTraces",
}


@pytest.fixture
def stack(aws: Aws) -> Iterator[Driven]:
    """The stack before moto, with a recorder between them."""
    with Recorder(aws.endpoint_url, aws.tables) as recorder:
        yield Driven(aws, recorder)


@pytest.mark.parametrize("function", SCENARIOS)
def test_a_role_allows_what_its_function_calls_and_no_more(
    function: str, stack: Driven, statements: Statements
) -> None:
    SCENARIOS[function](stack)

    seen = stack.recorder.seen[function]

    assert sorted(allowed(statements[function])) == sorted(seen)


def test_every_function_has_a_scenario(
    statements: Statements,
) -> None:
    assert set(SCENARIOS) == set(statements)


def allowed(policy: list[Statement]) -> set[Needed]:
    """Return what a policy allows the function itself, in the recorder's words."""
    return {
        (action, _label(arn))
        for statement in policy
        if statement["Sid"] not in BY_LAMBDA
        for action in statement["Action"]
        for arn in listed(statement["Resource"])
    }


def _label(arn: str) -> str:
    """`sessions`, `sessions/index/active-index`, `jobs`, or a method of @connections."""
    if ":execute-api:" in arn:
        return arn.split("/")[-3]
    return re.sub(r"^.*lectern-test-", "", arn)
