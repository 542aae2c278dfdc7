"""The end of a session: everybody is told and dismissed, even if a process dies on the way."""

import pytest

from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.errors import ServiceDown
from chalicelib.protocol.jobs import Counts, EndGrace, FinishEnd, RepairCounts
from tests.chalicelib.actions.session.endings import HEARD, LANGUAGES, everything_is_over, told
from tests.crowd import crowd, ids
from tests.stack import Stack


@pytest.mark.parametrize("listeners", [0, 1, 500])
def test_a_speakers_close_tells_everybody_and_empties_the_session_at_once(
    stack: Stack, listeners: int
) -> None:
    speaker, session_id = stack.session()
    room = ids(crowd(stack, session_id, listeners, LANGUAGES))

    speaker.close()

    assert told(stack) == room
    assert everything_is_over(stack, session_id)


def test_more_than_the_inline_limit_are_told_of_the_end_by_a_job(stack: Stack) -> None:
    speaker, session_id = stack.session()
    room = ids(crowd(stack, session_id, 1200, LANGUAGES))

    speaker.close()
    assert told(stack) == set()
    stack.run_jobs()

    assert told(stack) == room
    assert everything_is_over(stack, session_id)


def test_what_does_not_fit_in_the_time_is_left_to_a_job(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.context.seconds = 2.0

    speaker.send("endSession")
    assert listener.received == []
    stack.context.seconds = 30.0
    stack.advance(2)

    assert listener.received[-1]["type"] == HEARD
    assert everything_is_over(stack, session_id)


def test_a_batch_of_the_stream_comes_again_from_where_it_failed(stack: Stack) -> None:
    speaker, session_id = stack.session()
    stack.listener(session_id)
    stack.run_changes()
    with stack.outside.killed_after(5):
        speaker.disconnect_event(1000)
    stack.database.fail("Query", ServiceDown("500"))

    (failed,) = stack.changes_that_fail()

    assert failed["itemIdentifier"] == stack.aws.session_changes[-1]["dynamodb"]["SequenceNumber"]
    stack.run_changes()
    assert everything_is_over(stack, session_id)


def test_nothing_is_left_to_do_for_a_session_that_is_gone(stack: Stack) -> None:
    _, session_id = stack.session()
    session = SessionId(session_id)
    stack.delete("sessions", sessionId=session_id)

    stack.jobs.send(FinishEnd(session_id=session))
    stack.jobs.send(EndGrace(session_id=session, deadline=Millis(1)))
    counts = Counts(listener_count=0, language_counts={}, joins=0)
    stack.jobs.send(RepairCounts(session_id=session, found={}, counted=counts))
    stack.run_jobs(times=2)

    assert stack.items("sessions") == []


def test_a_speaker_that_is_gone_when_it_is_told_is_cleaned_up(stack: Stack) -> None:
    speaker, session_id = stack.session()
    stack.clock.advance(7201)
    stack.services.connections.record_activity(ConnectionId(speaker.connection_id), stack.clock.now)
    stack.sockets.open.clear()

    stack.sweep()

    assert everything_is_over(stack, session_id)
    assert stack.items("connections") == []
