"""Messages arrive, at once or by jobs, and their outcome is measured."""

from tests.aws import Aws
from tests.chalicelib.actions.delivery.receipts import in_background, seqs
from tests.crowd import crowd
from tests.stack import Stack


def metrics(stack: Stack, name: str) -> list[float]:
    """Return every value of a metric, in order."""
    found = [event[name] for event in stack.events() if name in event]
    return [value for each in found for value in (each if isinstance(each, list) else [each])]


def test_a_fan_out_reports_the_outcome_of_every_recipient(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 6)
    stack.advance(60)
    listeners[0].close(lost=True)
    stack.sockets.slow |= {listeners[1].connection_id, listeners[2].connection_id}

    speaker.send("broadcast", data="x")

    assert metrics(stack, "FanOutRecipients") == [6]
    assert metrics(stack, "FanOutDelivered") == [3]
    assert metrics(stack, "FanOutGone") == [1]
    assert metrics(stack, "FanOutSlow") == [2]
    assert metrics(stack, "FanOutUnsent") == []
    assert metrics(stack, "FanOutLatency") == [0]


def test_a_handler_with_two_seconds_left_leaves_all_to_a_job(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 5)
    stack.context.seconds = 2

    accepted = speaker.send("broadcast", data="x")

    assert (accepted["type"], accepted["recipients"]) == ("broadcastAccepted", 5)
    assert [seqs(each) for each in listeners] == [[]] * 5
    assert metrics(stack, "FanOutUnsent") == [5]
    stack.context.seconds = 30
    stack.run_jobs()
    assert [seqs(each) for each in listeners] == [[1]] * 5


def test_a_control_for_more_than_the_inline_limit_is_delivered_by_jobs(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 3)

    for action in ("muteBroadcast", "unmuteBroadcast"):
        assert speaker.send(action)["type"] == "broadcastStateChanged"
    stack.run_jobs()

    told = [
        [each["broadcastState"]["isMuted"] for each in client.of_type("broadcastStateChanged")]
        for client in listeners
    ]
    assert told == [[True, False]] * 3
