"""A stale, eventually consistent read of a connection never leads to a wrong refusal."""

import pytest

from tests.stack import Client, Stack


@pytest.fixture
def listener(stack: Stack) -> Client:
    """In no session, and for eventually consistent reads it stays so."""
    client = stack.connect()
    stack.hold("connections", connectionId=client.connection_id)
    return client


def test_a_listener_may_go_on_in_the_instant_that_it_has_joined(
    stack: Stack, listener: Client
) -> None:
    _, session_id = stack.session()
    listener.send("joinSession", sessionId=session_id, targetLanguage="es")

    replies = [
        listener.send("subscribe", topic="questions"),
        listener.send("changeLanguage", targetLanguage="fr"),
        listener.send("leaveSession"),
        listener.send("joinSession", sessionId=session_id, targetLanguage="de"),
    ]

    assert [each["type"] for each in replies] == [
        "subscribed",
        "languageChanged",
        "sessionLeft",
        "sessionJoined",
    ]
    assert stack.counts(session_id) == (1, {"de": 1})


def test_a_speaker_may_speak_in_the_instant_that_its_session_is_made(stack: Stack) -> None:
    speaker = stack.speaker()
    stack.hold("connections", connectionId=speaker.connection_id)
    speaker.send("createSession", sourceLanguage="en")

    assert speaker.send("broadcast", data="hello")["type"] == "broadcastAccepted"
    assert speaker.send("endSession")["type"] == "sessionEnded"
    speaker.send("createSession", sourceLanguage="en")
    assert speaker.send("getSessionStatus")["type"] == "sessionStatus"


def test_a_language_changed_back_at_once_is_changed_back(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    stack.hold("connections", connectionId=listener.connection_id)

    listener.send("changeLanguage", targetLanguage="fr")
    listener.send("changeLanguage", targetLanguage="es")

    assert stack.counts(session_id) == (1, {"es": 1})


def test_a_token_just_renewed_is_a_renewed_token(stack: Stack) -> None:
    speaker = stack.connect(f"role=speaker&token={stack.token(ttl=60)}")
    stack.hold("connections", connectionId=speaker.connection_id)
    stack.clock.advance(61)
    assert speaker.send("heartbeat")["code"] == "TOKEN_EXPIRED"

    speaker.send("authenticate", token=stack.token())

    assert speaker.send("heartbeat")["type"] == "heartbeatAck"


def test_a_connection_just_superseded_neither_steers_nor_ends(stack: Stack) -> None:
    old, session_id = stack.session()
    stack.hold("connections", connectionId=old.connection_id)
    stack.speaker().send("refreshConnection", sessionId=session_id, role="speaker")
    before = stack.session_item(session_id)

    actions = ("endSession", "pauseBroadcast", "getSessionStatus")
    refused = [old.send(action)["status"] for action in actions]
    refused.append(old.send("broadcast", data="mine")["status"])

    assert refused == [403] * 4
    assert stack.session_item(session_id) == before


def test_a_message_right_after_its_handshake_gets_a_reply(stack: Stack) -> None:
    stack.hold("connections", connectionId="C1=")

    assert stack.connect().send("heartbeat")["type"] == "heartbeatAck"


def test_two_languages_at_once_leave_the_listener_counted_in_one(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    stack.database.before(
        "TransactWriteItems", lambda: listener.send("changeLanguage", targetLanguage="de")
    )

    reply = listener.send("changeLanguage", targetLanguage="fr")

    assert reply["type"] == "languageChanged"
    assert stack.counts(session_id) == (1, {"fr": 1})


@pytest.mark.parametrize("status", [403, 404])
def test_a_listener_that_has_left_does_not_change_its_language(stack: Stack, status: int) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    if status == 403:
        stack.database.before("TransactWriteItems", listener.close)
    else:
        stack.database.before("TransactWriteItems", lambda: speaker.send("endSession"))

    reply = listener.send("changeLanguage", targetLanguage="fr")

    assert reply["status"] == status
    assert stack.counts(session_id) == (0, {})
