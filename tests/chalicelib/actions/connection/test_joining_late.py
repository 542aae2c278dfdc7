"""A client that joins gets the present state, not that of a moment before."""

from functools import partial

import pytest

from chalicelib import handlers
from chalicelib.stores.dynamodb import Operation
from tests.stack import Stack


def test_a_control_in_the_instant_of_a_join_is_in_its_reply(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.connect()
    stack.database.before("TransactWriteItems", lambda: note(speaker.send("muteBroadcast")))

    joined = listener.send("joinSession", sessionId=session_id, targetLanguage="es")

    assert joined["broadcastState"]["isMuted"] is True
    assert joined["stateVersion"] == 2


def test_a_broadcast_in_the_instant_of_a_refresh_is_among_what_was_missed(stack: Stack) -> None:
    speaker, session_id = stack.session()
    old, new = stack.connect(), stack.connect()
    joined = old.send("joinSession", sessionId=session_id, targetLanguage="es")
    stack.database.before("TransactWriteItems", lambda: note(speaker.send("broadcast", data=1)))

    refreshed = new.send(
        "refreshConnection",
        sessionId=session_id,
        role="listener",
        targetLanguage="es",
        resumeToken=joined["resumeToken"],
        lastSeq=joined["lastSeq"],
    )

    assert refreshed["lastSeq"] == {"*": 1, "es": 0}
    assert [each["data"] for each in refreshed["missed"]] == [1]


@pytest.mark.parametrize(
    ("operation", "concerns"),
    [("GetItem", "{listener}"), ("GetItem", "{session}"), ("UpdateItem", "joining")],
)
def test_nothing_comes_before_the_first_reply_and_nothing_is_left_out(
    stack: Stack, operation: Operation, concerns: str
) -> None:
    speaker, session_id = stack.session()
    speaker.send("broadcast", data="before")
    listener = stack.connect(
        f"action=joinSession&sessionId={session_id}&targetLanguage=es&lastSeq={{}}"
    )
    wanted = concerns.format(listener=listener.connection_id, session=session_id)
    for data in ("first", "second"):
        say = partial(speaker.send, "broadcast", data=data)
        stack.database.before(operation, say, wanted)

    stack.run_jobs()
    speaker.send("broadcast", data="after")

    joined, *pushed = listener.received
    assert joined["type"] == "sessionJoined"
    seen = {each["seq"]: each["data"] for each in [*joined["missed"], *pushed]}
    assert list(seen) == sorted(seen)
    assert set(seen) == set(range(1, stack.session_item(session_id)["streamPositions"]["*"] + 1))


def test_a_first_reply_that_cannot_be_posted_comes_a_second_later(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.connect(f"action=joinSession&sessionId={session_id}&targetLanguage=es")
    stack.sockets.slow.add(listener.connection_id)
    stack.run_jobs()
    stack.sockets.slow.clear()

    stack.advance(1)

    assert [each["type"] for each in listener.received] == ["sessionJoined"]


def test_a_control_between_the_first_reply_and_the_first_push_is_told(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.connect(f"action=joinSession&sessionId={session_id}&targetLanguage=es")
    stack.database.before("UpdateItem", lambda: note(speaker.send("muteBroadcast")))

    stack.run_jobs()

    joined, changed = listener.received
    assert (joined["type"], joined["stateVersion"]) == ("sessionJoined", 1)
    assert (changed["type"], changed["stateVersion"]) == ("broadcastStateChanged", 2)


def note(reply: object) -> None:
    """Ignore the reply to the speaker."""
    assert reply


def test_no_status_comes_before_the_speakers_first_reply(stack: Stack) -> None:
    """PROTOCOL 1.2: the reply is the first message on the new socket."""
    query = f"role=speaker&token={stack.token()}&action=createSession&sourceLanguage=en"
    speaker = stack.connect(query)
    handlers.publish_status(stack.context)
    assert speaker.received == []

    stack.run_jobs()
    handlers.publish_status(stack.context)

    assert [each["type"] for each in speaker.received] == ["sessionCreated", "sessionStatus"]


def test_changes_before_the_speakers_first_reply_are_told_after_it(stack: Stack) -> None:
    _, session_id = stack.session()
    query = f"role=speaker&token={stack.token()}&action=refreshConnection&sessionId={session_id}"
    speaker = stack.connect(query)
    stack.listener(session_id)
    stack.run_changes()
    assert speaker.received == []

    stack.run_jobs()
    stack.run_changes()

    kinds = [each["type"] for each in speaker.received]
    assert kinds == ["connectionRefreshComplete", "sessionStatus"]
    assert speaker.received[-1]["updateReason"] == "newLanguage"


def test_a_speaker_whose_first_reply_is_lost_still_gets_statuses(stack: Stack) -> None:
    query = f"role=speaker&token={stack.token()}&action=createSession&sourceLanguage=en"
    speaker = stack.connect(query)
    stack.jobs.waiting.clear()
    stack.clock.advance(30)

    handlers.publish_status(stack.context)

    assert [each["type"] for each in speaker.received] == ["sessionStatus"]
