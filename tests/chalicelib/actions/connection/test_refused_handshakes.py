"""A refused handshake leaves nothing behind, though its connection is written beside the checks."""

import pytest

from chalicelib.domain.types import Millis, TenantId, UserId
from chalicelib.errors import ServiceDown
from tests.aws import Aws
from tests.chalicelib.actions.connection.test_connect import repeat
from tests.stack import Refused, Stack


def refused(stack: Stack, query: str = "") -> int:
    with pytest.raises(Refused) as refusal:
        stack.connect(query)
    return refusal.value.status


def test_one_above_the_rate_limit(aws: Aws) -> None:
    stack = Stack(aws, RATE_LIMIT_CONNECTS_PER_MINUTE="1")
    stack.connect()

    assert refused(stack) == 429

    assert len(stack.items("connections")) == 1


def test_one_of_a_removed_user(stack: Stack) -> None:
    user = stack.services.hasher.user(TenantId("default"), UserId("anna"))
    until = Millis(stack.clock.now + 60_000)
    stack.services.removals.refuse(user, stack.clock.now, until)

    assert refused(stack, f"role=speaker&token={stack.token()}") == 401

    assert stack.items("connections") == []


def test_one_whose_user_cannot_be_looked_up(stack: Stack) -> None:
    stack.database.fail("GetItem", ServiceDown("500"), "removal")

    assert refused(stack, f"role=speaker&token={stack.token()}") == 503

    assert stack.items("connections") == []


def test_what_is_refused_without_a_read_counts_as_an_attempt(aws: Aws) -> None:
    stack = Stack(aws, RATE_LIMIT_CONNECTS_PER_MINUTE="3")

    assert [refused(stack, "role=nobody") for _ in range(4)] == [400, 400, 400, 429]


def test_an_accepted_connection_survives_its_event_coming_again_above_the_limit(aws: Aws) -> None:
    stack = Stack(aws, RATE_LIMIT_CONNECTS_PER_MINUTE="1")
    client = stack.connect("role=listener")

    assert repeat(stack, client, "role=listener")["statusCode"] == 429

    assert client.send("heartbeat")["type"] == "heartbeatAck"
