"""Listings and messages of one tenant never show or reach another."""

import pytest
from msgspec import Raw

from chalicelib.actions.broadcasting import tenant_message
from chalicelib.actions.operator import listings
from chalicelib.domain.types import TenantId
from tests.aws import Aws
from tests.stack import Client, Stack

ACME, GLOBEX = TenantId("acme"), TenantId("globex")


def remaining() -> float:
    return 30.0


def told(client: Client) -> list[object]:
    return [message["data"] for message in client.of_type("tenantMessage")]


def test_the_sessions_of_a_tenant_come_in_pages_newest_first(stack: Stack) -> None:
    ids = []
    for number in range(5):
        stack.clock.advance(1)
        ids.append(stack.session(f"user-{number}", ACME)[1])
        stack.session(f"user-{number}", GLOBEX)

    first = listings.tenant_sessions(stack.services, ACME, limit=2)
    second = listings.tenant_sessions(stack.services, ACME, limit=2, cursor=first.cursor)
    third = listings.tenant_sessions(stack.services, ACME, limit=2, cursor=second.cursor)

    pages = [[each.session_id for each in page.entries] for page in (first, second, third)]
    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    assert third.cursor is None


@pytest.mark.parametrize("inline_limit", ["500", "2"])
def test_a_message_to_a_tenant_reaches_its_connections_and_no_others(
    aws: Aws, inline_limit: str
) -> None:
    stack = Stack(aws, INLINE_FANOUT_LIMIT=inline_limit)
    old_speaker, session_id = stack.session("anna", ACME)
    listener = stack.listener(session_id)
    bare = stack.connect(f"token={stack.token('carl', ACME)}")
    speaker = stack.speaker("anna", ACME)
    speaker.send("refreshConnection", sessionId=session_id, role="speaker")
    stranger, other_id = stack.session("anna", GLOBEX)
    others = [old_speaker, stranger, stack.listener(other_id), stack.connect()]
    left = stack.listener(session_id)
    left.send("leaveSession")

    recipients = tenant_message.send(stack.services, ACME, Raw(b'"maintenance at noon"'), remaining)
    stack.run_jobs()

    assert recipients == 3
    assert [told(each) for each in (listener, bare, speaker)] == [["maintenance at noon"]] * 3
    assert [told(each) for each in [*others, left]] == [[]] * 5


@pytest.mark.parametrize("state", ["active", "ended"])
def test_another_tenants_user_is_told_of_no_session_whatever_its_state(
    stack: Stack, state: str
) -> None:
    speaker, session_id = stack.session("anna", ACME)
    if state == "ended":
        speaker.send("endSession")
    listener = stack.connect(f"token={stack.token('carl', GLOBEX)}")
    namesake = stack.speaker("anna", GLOBEX)

    replies = [
        listener.send("joinSession", sessionId=session_id, targetLanguage="es"),
        listener.send(
            "refreshConnection", sessionId=session_id, role="listener", targetLanguage="es"
        ),
        namesake.send("refreshConnection", sessionId=session_id, role="speaker"),
    ]

    assert [(each["status"], each["code"]) for each in replies] == [(404, "SESSION_NOT_FOUND")] * 3
    assert len({each["message"] for each in replies}) == 1
    assert "acme" not in str(replies)
