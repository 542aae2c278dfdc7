"""Whatever fails, a broadcast is accepted, and delivered or kept for recovery."""

import pytest

from chalicelib.errors import ServiceDown
from tests.aws import Aws
from tests.chalicelib.actions.delivery.receipts import in_background, seqs
from tests.crowd import crowd
from tests.stack import Stack


def test_a_broadcast_that_cannot_be_delivered_now_is_accepted_and_delivered_later(
    stack: Stack,
) -> None:
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 3)
    stack.database.fail("Query", ServiceDown("an index"), "sessionId-targetLanguage-index")

    accepted = speaker.send("broadcast", data="x")
    stack.run_jobs()

    assert accepted["type"] == "broadcastAccepted"
    assert [seqs(each) for each in listeners] == [[1]] * 3


def test_a_control_that_cannot_be_delivered_now_stands_and_is_delivered_later(stack: Stack) -> None:
    speaker, session_id = stack.session()
    (listener,) = crowd(stack, session_id, 1)
    stack.database.fail("Query", ServiceDown("an index"))

    reply = speaker.send("muteBroadcast")
    stack.run_jobs()

    assert reply["broadcastState"]["isMuted"] is True
    assert len(listener.of_type("broadcastStateChanged")) == 1


@pytest.mark.parametrize("how", ["gone", "slow"])
def test_a_delivery_goes_on_when_its_progress_cannot_be_posted(aws: Aws, how: str) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    (listener,) = crowd(stack, session_id, 1)
    speaker.send("broadcast", data="x")
    stack.clock.advance(60)
    if how == "gone":
        speaker.close(lost=True)
    else:
        stack.sockets.slow.add(speaker.connection_id)

    stack.run_jobs()

    assert seqs(listener) == [1]
    if how == "slow":
        assert "postFailed" in [event.get("event") for event in stack.events()]


@pytest.mark.parametrize("limit", ["0", "500"])
def test_without_a_queue_a_broadcast_is_still_kept_for_recovery(aws: Aws, limit: str) -> None:
    stack = Stack(aws, INLINE_FANOUT_LIMIT=limit)
    speaker, session_id = stack.session()
    (listener,) = crowd(stack, session_id, 1)
    stack.jobs.broken = True
    stack.context.seconds = 2

    accepted = speaker.send("broadcast", data="x")

    assert accepted["type"] == "broadcastAccepted"
    assert "deliveryLost" in [event.get("event") for event in stack.events()]
    recovered = listener.send("recover", lastSeq={"*": 0})
    assert [each["data"] for each in recovered["missed"]] == ["x"]


def test_without_a_queue_a_connection_found_gone_is_left_to_the_sweep(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 30)
    stack.clock.advance(60)
    for each in listeners:
        each.close(lost=True)
    stack.jobs.broken = True

    assert speaker.send("broadcast", data="x")["type"] == "broadcastAccepted"

    assert stack.counts(session_id)[0] == 20


def test_a_delivery_whose_progress_cannot_be_kept_goes_on_without_progress(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    (listener,) = crowd(stack, session_id, 1)
    stack.database.fail("PutItem", ServiceDown("a table"), stack.aws.tables["requests"])

    accepted = speaker.send("broadcast", data="x")
    stack.run_jobs()

    assert "requestId" not in accepted
    assert seqs(listener) == [1]
    assert speaker.of_type("requestCompleted") == []
