"""Listings and messages of one tenant never show or reach another."""

import pytest
from msgspec import Raw

from chalicelib.actions.broadcasting import tenant_message
from chalicelib.actions.operator import listings
from chalicelib.domain.types import SessionId, TenantId
from chalicelib.errors import BadRequest, Forbidden, NotFound, PayloadTooLarge
from tests.aws import Aws
from tests.crowd import crowd
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


def test_ended_sessions_are_left_out_where_only_active_ones_are_asked_for(stack: Stack) -> None:
    ended, ended_id = stack.session("anna", ACME)
    _, active_id = stack.session("berta", ACME)
    ended.send("endSession")

    everything = listings.tenant_sessions(stack.services, ACME)
    active = listings.tenant_sessions(stack.services, ACME, active_only=True)

    assert {each.session_id for each in everything.entries} == {ended_id, active_id}
    assert [each.session_id for each in active.entries] == [active_id]


def test_the_connections_of_a_tenant_come_in_pages_without_those_that_moved_on(
    stack: Stack,
) -> None:
    speaker, session_id = stack.session("anna", ACME)
    anonymous = stack.listener(session_id)
    stack.listener(stack.session("anna", GLOBEX)[1])
    bare = stack.connect(f"token={stack.token('carl', ACME)}")
    stack.connect()
    fresh = stack.speaker("anna", ACME)
    fresh.send("refreshConnection", sessionId=session_id, role="speaker")

    first = listings.tenant_connections(stack.services, ACME, limit=2)
    second = listings.tenant_connections(stack.services, ACME, limit=2, cursor=first.cursor)

    found = [each.connection_id for page in (first, second) for each in page.entries]
    assert sorted(found) == sorted(client.connection_id for client in (anonymous, bare, fresh))
    assert speaker.connection_id not in found
    assert second.cursor is None


def test_a_cursor_is_opaque_and_valid_for_its_list_only(stack: Stack) -> None:
    _, session_id = stack.session("anna", ACME)
    crowd(stack, session_id, 3)
    cursor = listings.tenant_connections(stack.services, ACME, limit=1).cursor
    assert cursor is not None
    assert "crowd" not in cursor

    for wrong in ("", "nonsense", "%", cursor[:-2], cursor + "AA", cursor[2:]):
        with pytest.raises(BadRequest):
            listings.tenant_connections(stack.services, ACME, cursor=wrong)
    with pytest.raises(BadRequest):
        listings.tenant_connections(stack.services, GLOBEX, cursor=cursor)
    with pytest.raises(BadRequest):
        listings.tenant_sessions(stack.services, ACME, cursor=cursor)


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


def test_a_message_to_a_tenant_that_is_too_large_is_refused(stack: Stack) -> None:
    with pytest.raises(PayloadTooLarge):
        tenant_message.send(stack.services, ACME, Raw(b'"' + b"x" * 131_072 + b'"'), remaining)


def test_a_session_is_shown_to_its_own_tenant_only(stack: Stack) -> None:
    speaker, name = stack.session("anna", ACME)
    session_id = SessionId(name)

    assert listings.tenant_session(stack.services, ACME, session_id).session_id == session_id
    with pytest.raises(Forbidden):
        listings.tenant_session(stack.services, GLOBEX, session_id)
    with pytest.raises(NotFound):
        listings.tenant_session(stack.services, ACME, SessionId("no-such-001"))
    speaker.send("endSession")
    assert listings.tenant_session(stack.services, ACME, session_id).is_active is False


@pytest.mark.parametrize("state", ["active", "ended"])
def test_another_tenants_user_gets_403_for_a_session_whatever_its_state(
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

    assert [(each["status"], each["code"]) for each in replies] == [(403, "FORBIDDEN")] * 3
    assert len({each["message"] for each in replies}) == 1
    assert "acme" not in str(replies)


def test_anonymous_listeners_join_any_session_whose_id_they_were_given(stack: Stack) -> None:
    for tenant in (ACME, GLOBEX):
        _, session_id = stack.session("anna", tenant)
        listener = stack.listener(session_id)
        assert listener.item is not None
        assert listener.item["tenantId"] == tenant
