"""First replies have a queue of their own, on which no client holds up another."""

import json

import pytest
from msgspec.structs import replace

from chalicelib import handlers, wiring
from chalicelib.actions.session import end
from chalicelib.domain.types import SessionId
from chalicelib.errors import ServiceDown
from tests.in_memory import Jobs
from tests.stack import Client, Json, Stack

JOIN = "action=joinSession&targetLanguage=es&sessionId="
MAX_SLEEP = 0.15


def sleeps_of(stack: Stack) -> list[float]:
    """Return a list that collects the waits of the stack from now on. They take no time."""
    slept: list[float] = []
    wiring.install(replace(stack.services, sleep=slept.append))
    return slept


def abort(stack: Stack, client: Client) -> None:
    """Let the client be gone before its socket is open. Its `$disconnect` comes later."""
    del stack.sockets.open[client.connection_id]


def send_together(stack: Stack) -> Json:
    """Deliver all replies that are due as one batch."""
    records = [
        {"messageId": str(number), "body": json.dumps(body)}
        for number, body in enumerate(stack.jobs.take_due())
    ]
    return handlers.replies({"Records": records}, stack.context)


def test_aborted_handshakes_hold_up_no_honest_join(stack: Stack) -> None:
    _, session_id = stack.session()
    for _ in range(8):
        abort(stack, stack.connect(JOIN + session_id))
    honest = stack.connect(JOIN + session_id)
    slept = sleeps_of(stack)

    assert send_together(stack) == {"batchItemFailures": []}

    assert [each["type"] for each in honest.received] == ["sessionJoined"]
    assert sum(slept) <= MAX_SLEEP + 1e-9


def test_a_reply_whose_socket_never_opens_is_given_up_after_some_seconds(stack: Stack) -> None:
    _, session_id = stack.session()
    abort(stack, stack.connect(JOIN + session_id))
    slept = sleeps_of(stack)

    rounds = 0
    while stack.jobs.waiting and rounds < 20:
        stack.advance(1)
        rounds += 1

    assert 3 <= rounds <= 6
    assert max(slept) <= MAX_SLEEP


def test_a_speaker_whose_session_ends_before_its_reply_hears_of_the_end(stack: Stack) -> None:
    _, session_id = stack.session()
    query = f"role=speaker&action=refreshConnection&sessionId={session_id}&token={stack.token()}"
    back = stack.connect(query)
    abort(stack, back)  # the socket is not there yet, so the end cannot be told
    end.end(stack.services, SessionId(session_id), "endedByOperator", lambda: 10)
    stack.sockets.open[back.connection_id] = back.received

    send_together(stack)

    assert [each["type"] for each in back.received] == ["sessionEnded"]


def test_a_reply_is_worked_out_once_however_often_it_is_posted(stack: Stack) -> None:
    _, session_id = stack.session()
    abort(stack, stack.connect(JOIN + session_id + '&lastSeq={"*":0,"es":0}'))

    with stack.outside.counted() as calls:
        send_together(stack)

    assert calls.count("post") == 3
    assert calls.count("GetItem") == 2


def test_a_reply_that_cannot_be_read_fails_alone(stack: Stack) -> None:
    _, session_id = stack.session()
    clients = [stack.connect(JOIN + session_id) for _ in range(3)]
    stack.jobs.waiting.insert(1, (0, {"kind": "statusTick"}))
    stack.database.fail("GetItem", ServiceDown("500"), clients[0].connection_id)

    assert send_together(stack) == {"batchItemFailures": [{"itemIdentifier": "1"}]}

    assert [len(each.received) for each in clients] == [0, 1, 1]
    stack.advance(1)
    assert [len(each.received) for each in clients] == [1, 1, 1]


def test_a_reply_of_a_version_that_had_one_queue_is_sent(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.connect(JOIN + session_id)
    [body] = stack.jobs.take_due()
    record = {"messageId": "1", "body": json.dumps(body)}

    assert handlers.jobs({"Records": [record]}, stack.context) == {"batchItemFailures": []}

    assert [each["type"] for each in listener.received] == ["sessionJoined"]


def test_replies_and_their_next_tries_are_sent_to_their_own_queue(stack: Stack) -> None:
    _, session_id = stack.session()
    own = Jobs(stack.clock, stack.outside)
    wiring.install(replace(stack.services, replies=own))

    abort(stack, stack.connect(JOIN + session_id))
    [body] = own.take_due()
    stack.run_job(body)

    assert stack.jobs.waiting == []
    assert [each["round"] for _, each in own.waiting] == [2]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_reply_to_a_handshake_that_was_refused_does_nothing(stack: Stack, is_there: bool) -> None:
    """The job may have been sent beside the call by which the handshake was refused."""
    client = stack.connect()
    if not is_there:
        client.close()
    body = {"kind": "welcome", "connectionId": client.connection_id, "refresh": False}

    stack.run_job({**body, "lastSeq": None, "id": None})

    assert client.received == []


@pytest.mark.parametrize("role", ["speaker", "listener"])
def test_who_loses_its_place_before_the_first_reply_is_told_so(stack: Stack, role: str) -> None:
    speaker, session_id = stack.session()
    resumed = stack.listener(session_id) if role == "listener" else speaker
    token = resumed.replies[-1]["resumeToken"]
    query = f"action=refreshConnection&sessionId={session_id}&role={role}&resumeToken={token}"
    query += f"&token={stack.token()}" if role == "speaker" else "&targetLanguage=es"
    first, second = stack.connect(query), stack.connect(query)

    stack.run_jobs()

    (error,) = first.received
    assert (error["type"], error["status"], error["action"]) == ("error", 403, "refreshConnection")
    assert [each["type"] for each in second.received] == ["connectionRefreshComplete"]
