"""Heartbeats, the sweep, notices and statuses, on a clock that a test moves."""

from chalicelib import handlers
from tests.stack import Stack


def sweep(stack: Stack) -> dict[str, int]:
    return handlers.sweep_connections(stack.context)


def test_a_heartbeat_is_acknowledged(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    speaker.send("broadcast", data="x")
    stack.clock.advance(45)

    plain, with_seq = listener.send("heartbeat"), listener.send("heartbeat", wantSeq=True)

    assert (plain["type"], plain["connectionAge"], plain["heartbeatInterval"]) == (
        "heartbeatAck",
        45,
        50,
    )
    assert "lastSeq" not in plain
    assert with_seq["lastSeq"] == {"*": 1, "es": 0}


def test_only_the_silent_are_closed(stack: Stack) -> None:
    speaker, session_id = stack.session()
    silent, alive = stack.listener(session_id), stack.listener(session_id)
    for _ in range(2):
        stack.clock.advance(60)
        speaker.send("heartbeat")
        alive.send("heartbeat")

    swept = sweep(stack)

    assert swept == {"checked": 3, "idle": 1, "closed": 1}
    assert stack.sockets.closed == [silent.connection_id]
    assert stack.counts(session_id) == (1, {"es": 1})
    assert sweep(stack)["idle"] == 0


def test_refresh_notices_come_after_100_minutes_and_warnings_after_105(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    for _ in range(106):
        stack.clock.advance(60)
        speaker.send("heartbeat")
        listener.send("heartbeat")
        sweep(stack)

    asked = speaker.of_type("connectionRefreshRequired")
    assert [each["connectionAge"] for each in asked] == [100 * 60], "once"
    assert asked[0]["sessionId"] == session_id
    assert [each["remainingMinutes"] for each in speaker.of_type("connectionWarning")] == [15]
    (first,) = listener.of_type("connectionRefreshRequired")
    assert 100 * 60 <= first["connectionAge"] <= 105 * 60
    assert first["targetLanguage"] == "es"


def test_a_token_that_expires_is_announced_renewed_or_closed(stack: Stack) -> None:
    token = stack.token(ttl=600)
    speaker = stack.connect(f"role=speaker&token={token}")
    stack.clock.advance(481)
    speaker.send("heartbeat")

    (expiring,) = speaker.of_type("tokenExpiring")
    assert expiring["expiresAt"] == stack.clock.now + 119_000
    assert speaker.send("authenticate", token=stack.token("eve"))["status"] == 403
    assert speaker.send("authenticate", token=stack.token(ttl=600))["type"] == "authenticated"
    for _ in range(10):
        stack.clock.advance(60)
        if speaker.connection_id in stack.sockets.open:
            speaker.send("heartbeat")
        sweep(stack)

    assert stack.sockets.closed == [speaker.connection_id]


def test_the_status_says_who_listens(stack: Stack) -> None:
    speaker, session_id = stack.session()
    for language in ("es", "es", "fr"):
        stack.listener(session_id, language)
    stack.clock.advance(7)

    status = speaker.send("getSessionStatus")

    assert status["listenerCount"] == 3
    assert status["languageDistribution"] == {"es": 2, "fr": 1}
    assert (status["sessionDuration"], status["updateReason"]) == (7, "requested")


def test_periodic_statuses_come_every_thirty_seconds(stack: Stack) -> None:
    speaker, _ = stack.session()
    start = stack.clock.now

    for _ in range(3):
        handlers.publish_status(stack.context)
        stack.advance(30)
        stack.advance(30)

    periodic = speaker.of_type("sessionStatus")
    assert [(each["timestamp"] - start) // 1000 for each in periodic] == [0, 30, 60, 90, 120, 150]


def test_a_session_past_its_time_is_ended(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    for _ in range(120):
        stack.clock.advance(60)
        speaker.send("heartbeat")
        listener.send("heartbeat")

    sweep(stack)

    assert speaker.received[-1]["reason"] == "expired"
    assert listener.received[-1]["reason"] == "expired"
    assert stack.counts(session_id) == (0, {})


def test_however_many_languages_there_are_twenty_have_a_metric_of_their_own(
    stack: Stack,
) -> None:
    _, session_id = stack.session()
    names = [f"{first}{second}" for first in "abcde" for second in "fghij"]
    for language in [*names, *names[:20]]:
        stack.listener(session_id, language)

    sweep(stack)

    lines = [event for event in stack.events() if "ListenersByLanguage" in event]
    counts = {line["Language"]: line["ListenersByLanguage"] for line in lines}
    assert counts == dict.fromkeys(names[:20], 2) | {"other": 5}
