"""Sockets that close in every way, and what is left: the count is right after each."""

import pytest

from tests.aws import Aws
from tests.stack import Stack


def test_a_listener_is_counted_out_once_however_often_it_disconnects(stack: Stack) -> None:
    _, session_id = stack.session()
    leaving, _staying = stack.listener(session_id, "es"), stack.listener(session_id, "fr")

    leaving.close()
    before = stack.session_item(session_id)
    again = [leaving.disconnect_event(), leaving.disconnect_event()]

    assert again == [{"statusCode": 200}] * 2
    assert stack.session_item(session_id) == before
    assert stack.counts(session_id) == (1, {"fr": 1})


def test_a_listener_whose_session_is_deleted_leaves_without_creating_it_again(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.delete("sessions", sessionId=session_id)

    listener.close()

    assert stack.items("sessions") == []
    assert listener.item is None


@pytest.mark.parametrize("code", [1000, 1001])
def test_a_close_by_the_speaker_itself_ends_the_session_at_once(stack: Stack, code: int) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)

    speaker.close(code)

    assert listener.received[-1]["type"] == "sessionEnded"
    assert stack.session_item(session_id)["isActive"] is False
    assert speaker.item is None
    assert listener.item is not None
    assert listener.item["endedSessionId"] == session_id
    assert "sessionId" not in listener.item


def test_a_dropped_speaker_has_a_grace_period(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)

    speaker.close(1006)

    assert listener.received[-1] == {
        "type": "speakerReconnecting",
        "timestamp": stack.clock.now,
        "sessionId": session_id,
        "deadline": stack.clock.now + 15_000,
    }
    stack.advance(14)
    assert stack.session_item(session_id)["isActive"] is True
    stack.advance(1)
    assert listener.received[-1]["reason"] == "speakerDisconnected"
    assert stack.counts(session_id) == (0, {})


def test_without_grace_a_drop_ends_the_session_at_once(aws: Aws) -> None:
    stack = Stack(aws, SPEAKER_GRACE_SECONDS="0")
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)

    speaker.close(1006)

    assert listener.received[-1]["reason"] == "speakerDisconnected"


def test_the_gateways_own_cut_at_two_hours_does_not_end_the_session(stack: Stack) -> None:
    speaker, session_id = stack.session()
    stack.clock.advance(7200)

    speaker.close(1001)

    assert stack.session_item(session_id)["isActive"] is True
