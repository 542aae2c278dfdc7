"""The messages sent to a listener are known when it goes, without a write for each."""

from tests.crowd import crowd
from tests.stack import Stack


def sent(stack: Stack) -> list[int]:
    """Return the log lines of the listeners that have gone, in order."""
    gone = [e for e in stack.events() if e.get("event") == "disconnected"]
    return [event["messagesSent"] for event in gone if event["role"] == "listener"]


def test_it_counts_from_where_its_streams_stood_when_it_joined(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("broadcast", data="before")
    listener = stack.listener(session_id, "es")
    for language in ({}, {"targetLanguage": "es"}, {"targetLanguage": "fr"}, {}):
        speaker.send("broadcast", data="x", **language)

    listener.close()
    speaker.send("broadcast", data="after")

    assert sent(stack) == [3]


def test_it_counts_both_languages_of_a_listener_that_changed_its_language(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    speaker.send("broadcast", data="x", targetLanguage="es")
    speaker.send("broadcast", data="not to it", targetLanguage="fr")
    speaker.send("broadcast", data="x")
    listener.send("changeLanguage", targetLanguage="fr")
    speaker.send("broadcast", data="not to it", targetLanguage="es")
    speaker.send("broadcast", data="x", targetLanguage="fr")

    listener.close()

    assert sent(stack) == [3]


def test_it_counts_each_connection_of_a_listener_that_refreshed(stack: Stack) -> None:
    speaker, session_id = stack.session()
    old, new = stack.connect(), stack.connect()
    joined = old.send("joinSession", sessionId=session_id, targetLanguage="es")
    for _ in range(2):
        speaker.send("broadcast", data="x")
    new.send(
        "refreshConnection",
        sessionId=session_id,
        role="listener",
        targetLanguage="es",
        resumeToken=joined["resumeToken"],
    )
    for _ in range(3):
        speaker.send("broadcast", data="x")

    old.close()
    new.close()

    assert sent(stack) == [2, 3]


def test_it_counts_a_listener_that_left_before_closing(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    speaker.send("broadcast", data="x")
    listener.send("leaveSession")
    speaker.send("broadcast", data="not to it")

    listener.close()

    assert sent(stack) == [1]


def test_it_counts_a_listener_once_that_stayed_when_the_session_ended(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 3)
    speaker.send("broadcast", data="x")
    speaker.send("endSession")
    assert sent(stack) == []
    stack.clock.advance(7)

    for listener in listeners:
        listener.close()

    assert sent(stack) == [1, 1, 1]
    durations = [e["ConnectionDuration"] for e in stack.events() if "ConnectionDuration" in e]
    assert durations == [7, 7, 7]
    gone = [e for e in stack.events() if e.get("event") == "disconnected"]
    assert [event["sessionId"] for event in gone] == [session_id] * 3


def test_a_connection_that_was_in_no_session_was_sent_nothing(stack: Stack) -> None:
    stack.connect().close()

    assert sent(stack) == [0]
