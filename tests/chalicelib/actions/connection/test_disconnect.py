"""Sockets that close in every way, and what is left: the count is right after each."""

import pytest

from chalicelib.errors import ServiceDown
from tests.aws import Aws
from tests.chalicelib.actions.upkeep.silent import silence
from tests.outside import Killed
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


def test_a_close_with_1000_by_the_speaker_ends_the_session_at_once(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)

    speaker.close(1000)

    assert listener.received[-1]["type"] == "sessionEnded"
    assert stack.session_item(session_id)["isActive"] is False
    assert speaker.item is None
    assert listener.item is not None
    assert listener.item["endedSessionId"] == session_id
    assert "sessionId" not in listener.item


@pytest.mark.parametrize("code", [1001, 1005, 1006, 4000, None])
def test_a_speaker_that_is_gone_in_any_other_way_has_a_grace_period(
    stack: Stack, code: int | None
) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)

    speaker.close(code)

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


def test_a_speaker_that_the_stack_has_closed_has_a_grace_period(stack: Stack) -> None:
    """Given that the clean-up before it failed, and API Gateway reports the close as 1000."""
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    silence(stack, 120, listener)
    stack.database.fail("UpdateItem", ServiceDown("500"), concerns="graceDeadline")
    stack.sweep()
    assert stack.sockets.closed == [speaker.connection_id]
    assert listener.received == []

    speaker.disconnect_event(1000)

    assert [each["type"] for each in listener.received] == ["speakerReconnecting"]
    stack.advance(15)
    assert listener.received[-1]["reason"] == "speakerDisconnected"


def test_a_speaker_whose_close_was_broken_off_can_still_end_its_session(stack: Stack) -> None:
    """Given a sweep that died before it closed the silent speaker, who then spoke again."""
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    silence(stack, 120, listener)
    stack.database.before("UpdateItem", _die, concerns="graceDeadline")
    with pytest.raises(Killed):
        stack.sweep()
    stack.clock.advance(1)
    speaker.send("heartbeat")

    speaker.close(1000)

    assert listener.received[-1]["reason"] == "endedBySpeaker"


def _die() -> None:
    raise Killed
