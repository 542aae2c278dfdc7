"""A control's state is resent with a listener's heartbeats for a while."""

from typing import Any

from tests.aws import Aws
from tests.stack import Client, Stack


def versions(client: Client) -> list[int]:
    return [each["stateVersion"] for each in client.of_type("broadcastStateChanged")]


def mute_unheard(stack: Stack, speaker: Client, listener: Client) -> None:
    """Mute while the listener's socket takes no messages."""
    stack.sockets.slow.add(listener.connection_id)
    speaker.send("muteBroadcast")
    stack.sockets.slow.clear()
    assert versions(listener) == []


def test_a_heartbeat_brings_the_state_that_was_missed(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    mute_unheard(stack, speaker, listener)

    stack.clock.advance(50)
    listener.send("heartbeat", wantSeq=True)

    (told,) = listener.of_type("broadcastStateChanged")
    assert (told["stateVersion"], told["broadcastState"]["isMuted"]) == (2, True)


def test_it_brings_the_state_to_a_listener_that_joined_in_that_instant(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)

    def lag(operation: str, _: object, answer: dict[str, Any]) -> None:
        if operation == "Query":  # the index does not have the listener yet
            answer["Items"].clear()

    stack.database.on_answer = lag
    speaker.send("muteBroadcast")
    stack.database.on_answer = lambda *_: None
    assert versions(listener) == []

    listener.send("heartbeat", wantSeq=True)

    assert versions(listener) == [2]


def test_it_brings_nothing_if_the_state_changed_long_ago_or_never(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    listener.send("heartbeat", wantSeq=True)
    speaker.send("muteBroadcast")
    assert versions(listener) == [2]

    stack.clock.advance(101)
    listener.send("heartbeat", wantSeq=True)

    assert versions(listener) == [2]


def test_the_speaker_is_not_told_what_it_did_itself(stack: Stack) -> None:
    speaker, _ = stack.session()
    speaker.send("muteBroadcast")

    speaker.send("heartbeat", wantSeq=True)

    assert speaker.received == []


def test_a_listener_of_a_large_session_gets_it_too(aws: Aws) -> None:
    stack = Stack(aws, INLINE_FANOUT_LIMIT="0")
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    speaker.send("pauseBroadcast")
    stack.jobs.take_due()  # lost

    listener.send("heartbeat", wantSeq=True)

    assert versions(listener) == [2]
