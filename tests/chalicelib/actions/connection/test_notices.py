"""Notices to an ageing connection come once."""

import pytest

from chalicelib.domain.lifetimes import first_refresh_at
from chalicelib.domain.types import ConnectionId, Millis, Role
from tests.stack import Client, Stack


def quiet(stack: Stack, client: Client) -> None:
    """Record the client's activity without running anything."""
    stack.services.connections.record_activity(client.connection_id, stack.clock.now)


def test_listeners_are_asked_to_refresh_evenly_over_four_minutes(stack: Stack) -> None:
    settings = stack.services.settings
    at = [
        first_refresh_at(ConnectionId(f"L{n}="), Role.LISTENER, Millis(0), settings)
        for n in range(4_000)
    ]

    minutes = [each // 60_000 for each in at]
    for minute in (100, 101, 102, 103):
        assert 900 < minutes.count(minute) < 1100
    assert set(minutes) == {100, 101, 102, 103}


def test_a_speaker_is_asked_on_the_minute(stack: Stack) -> None:
    speaker, _ = stack.session()
    stack.clock.advance(100 * 60 - 1)
    speaker.send("heartbeat")
    assert speaker.of_type("connectionRefreshRequired") == []
    stack.clock.advance(1)

    speaker.send("heartbeat")

    (asked,) = speaker.of_type("connectionRefreshRequired")
    assert (asked["role"], asked["connectionAge"]) == ("speaker", 6000)


def test_a_heartbeat_and_a_sweep_at_once_send_a_notice_once(stack: Stack) -> None:
    speaker, _ = stack.session()
    stack.clock.advance(100 * 60)
    quiet(stack, speaker)
    stack.database.before("UpdateItem", stack.sweep, concerns="knownRefreshAt")

    speaker.send("heartbeat")

    assert len(speaker.of_type("connectionRefreshRequired")) == 1


def test_the_warning_is_sent_once_although_two_invocations_find_it_due(stack: Stack) -> None:
    speaker, _ = stack.session()
    stack.clock.advance(104 * 60 + 30)
    speaker.send("heartbeat")
    stack.clock.advance(30)
    stack.hold("connections", connectionId=speaker.connection_id)

    speaker.send("heartbeat")
    speaker.send("heartbeat")

    assert len(speaker.of_type("connectionWarning")) == 1


@pytest.mark.parametrize("trouble", ["died", "slow"])
@pytest.mark.parametrize(
    ("notice", "minutes"),
    [("connectionRefreshRequired", 100), ("connectionWarning", 105), ("tokenExpiring", 110)],
)
def test_a_notice_that_did_not_arrive_comes_a_minute_later(
    stack: Stack, notice: str, minutes: int, trouble: str
) -> None:
    speaker = stack.connect(f"role=speaker&token={stack.token(ttl=112 * 60)}")
    speaker.send("createSession", sourceLanguage="en")
    for before in (100, 105, 110):
        if before < minutes:
            stack.clock.now = Millis(speaker.connected_at + before * 60_000)
            speaker.send("heartbeat")
    stack.clock.now = Millis(speaker.connected_at + minutes * 60_000)
    if trouble == "slow":
        stack.sockets.slow.add(speaker.connection_id)
    with stack.outside.killed_after(2 if trouble == "died" else 100):  # it dies over its post
        speaker.send("heartbeat")
    assert speaker.of_type(notice) == []
    stack.sockets.slow.clear()

    for _ in range(2):
        stack.clock.advance(60)
        speaker.send("heartbeat")

    assert len(speaker.of_type(notice)) == 1


def test_in_no_session_there_is_nothing_to_refresh_but_a_warning(stack: Stack) -> None:
    bare = stack.connect()
    for minutes in (104, 1):
        stack.clock.advance(minutes * 60)
        bare.send("heartbeat")

    assert [each["type"] for each in bare.received] == ["connectionWarning"]


def test_a_superseded_connection_gets_no_notices(stack: Stack) -> None:
    old, session_id = stack.session()
    stack.clock.advance(106 * 60)
    stack.speaker().send("refreshConnection", sessionId=session_id, role="speaker")
    quiet(stack, old)

    stack.sweep()

    assert old.received == []


def test_a_connection_that_is_gone_is_cleaned_up_with_the_first_notice(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.clock.advance(106 * 60)
    quiet(stack, listener)
    listener.close(lost=True)

    stack.sweep()

    assert stack.counts(session_id) == (0, {})


def test_authenticating_on_a_socket_that_closes_meanwhile_is_refused(stack: Stack) -> None:
    speaker = stack.speaker()
    stack.database.before("UpdateItem", speaker.close, concerns="tokenExpiresAt")

    assert speaker.send("authenticate", token=stack.token())["status"] == 403
    assert stack.items("connections") == []


def test_a_token_of_another_tenants_namesake_is_refused(stack: Stack) -> None:
    speaker = stack.speaker("anna", "acme")
    assert speaker.send("authenticate", token=stack.token("anna", "globex"))["code"] == "FORBIDDEN"


def test_an_anonymous_listener_has_nothing_to_authenticate(stack: Stack) -> None:
    assert stack.connect().send("authenticate", token=stack.token())["code"] == "FORBIDDEN"


def test_a_token_notice_comes_two_minutes_before_to_the_second(stack: Stack) -> None:
    """Nothing is heard of the client, and the sweep has come by half a minute earlier."""
    client = stack.connect(f"token={stack.token(ttl=170)}")
    stack.clock.advance(20)
    stack.sweep()
    stack.advance(29)
    assert client.received == []

    stack.advance(1)

    assert [each["type"] for each in client.received] == ["tokenExpiring"]


def test_a_silent_client_gets_its_refresh_notice_on_the_minute(stack: Stack) -> None:
    speaker, _ = stack.session()
    stack.clock.advance(99 * 60 + 15)
    quiet(stack, speaker)
    stack.sweep()
    stack.advance(44)
    assert speaker.received == []

    stack.advance(1)

    assert [each["type"] for each in speaker.received] == ["connectionRefreshRequired"]


@pytest.mark.parametrize("shown", ["in the handshake", "by authenticate"])
def test_a_token_of_less_than_a_minute_gets_its_notice_and_close_without_a_sweep(
    stack: Stack, shown: str
) -> None:
    short = stack.token(ttl=40)
    client = stack.connect(f"token={short if shown == 'in the handshake' else stack.token()}")
    if shown == "by authenticate":
        client.send("authenticate", token=short)
    stack.advance(2)
    assert [each["type"] for each in client.received] == ["tokenExpiring"]
    stack.advance(37)
    assert stack.sockets.closed == []

    stack.advance(1)

    assert stack.sockets.closed == [client.connection_id]


def test_a_queue_that_is_down_refuses_no_handshake(stack: Stack) -> None:
    stack.jobs.broken = True
    client = stack.connect(f"token={stack.token(ttl=40)}")

    assert client.send("heartbeat")["type"] == "heartbeatAck"
