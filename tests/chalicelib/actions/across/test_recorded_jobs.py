"""Jobs in flight survive an update: one of each kind, as the stack wrote it before it had structs.

They were recorded from the queue; the session in them is `SESSION`, the connections are C1=, C2=, …
"""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from chalicelib import handlers
from chalicelib.domain.types import SessionId
from chalicelib.protocol.jobs import Job, decode_job, encode_job
from chalicelib.stores.requests import BackgroundRequest
from tests.aws import Aws
from tests.stack import Stack

RECORDED = {
    path.stem: path.read_text().strip()
    for path in (Path(__file__).parents[3] / "events" / "jobs").glob("*.json")
}
SESSION = "maple-hamlet-214"
ABSENT = {"round": 1, "shard": None, "delivered": 0, "gone": 0, "slow": 0}
"""Fields that the version before could leave out, and what it took them for then."""


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_job_is_written_again_as_it_was(name: str) -> None:
    before = json.loads(RECORDED[name])
    after = json.loads(encode_job(decode_job(RECORDED[name])))
    assert _same(after, before)


def _same(after: Any, before: Any) -> bool:
    if not isinstance(after, dict):
        return bool(after == before)
    known = {**{name: ABSENT[name] for name in after if name in ABSENT}, **before}
    return after.keys() == known.keys() and all(_same(after[each], known[each]) for each in known)


def test_a_job_of_each_kind_is_recorded() -> None:
    kinds = {each.__struct_config__.tag for each in get_args(Job)}
    assert {json.loads(text)["kind"] for text in RECORDED.values()} == kinds


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_job_runs_twice_when_there_is_nothing_left_to_do(
    stack: Stack, name: str
) -> None:
    for _ in range(2):
        stack.run_job(json.loads(RECORDED[name]))


@pytest.mark.parametrize("name", RECORDED)
def test_unknown_fields_of_a_job_are_ignored(name: str) -> None:
    newer = json.dumps({**json.loads(RECORDED[name]), "fromALaterVersion": {"n": 1}})
    assert decode_job(newer) == decode_job(RECORDED[name])


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"kind":"unheardOf"}', '{"kind":"finishEnd"}', '{"kind":"closeDue","x":1}'],
)
def test_an_invalid_job_comes_again_and_does_not_stop_its_batch(stack: Stack, body: str) -> None:
    records = [
        {"messageId": "bad", "body": body, "attributes": {"ApproximateReceiveCount": "5"}},
        {"messageId": "good", "body": RECORDED["statusTick"]},
    ]
    answer = handlers.jobs({"Records": records}, stack.context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}


def _run(stack: Stack, name: str, session_id: str, **fields: Any) -> None:
    """Run a recorded job for this session, with some `fields` replaced."""
    job = json.loads(RECORDED[name].replace(SESSION, session_id))
    stack.run_job({**job, **fields})


@pytest.mark.parametrize("name", ["welcome", "welcome_again"])
def test_first_reply(stack: Stack, name: str) -> None:
    _, session_id = stack.session()
    listener = stack.connect(f"action=joinSession&sessionId={session_id}&targetLanguage=es")
    _run(stack, name, session_id)
    replies = {"welcome": "sessionJoined", "welcome_again": "connectionRefreshComplete"}
    assert [each["type"] for each in listener.received] == [replies[name]]


def test_first_reply_with_an_id(stack: Stack) -> None:
    query = f"role=speaker&token={stack.token()}&action=createSession&sourceLanguage=en"
    speaker = stack.connect(query)
    _run(stack, "welcome_with_id", "")
    assert [(each["type"], each["id"]) for each in speaker.received] == [("sessionCreated", "5")]


def test_refused_handshake(stack: Stack) -> None:
    listener = stack.connect()
    heard = listener.received
    _run(stack, "refusal", "", connectionId=listener.connection_id)
    assert [(each["type"], each["status"]) for each in heard] == [("error", 404)]
    assert stack.sockets.closed == [listener.connection_id]


def test_end_of_grace(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.close(1006)
    _run(stack, "endOfGrace", session_id)
    assert stack.services.sessions.get(SessionId(session_id)).is_active is False  # type: ignore[union-attr]


def test_end_that_was_not_finished(aws: Aws) -> None:
    stack = Stack(aws, INLINE_FANOUT_LIMIT="0")
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    speaker.send("endSession")
    _run(stack, "finishEnd", session_id)
    assert listener.received[-1]["type"] == "sessionEnded"


def test_fan_out_to_a_tenant(stack: Stack) -> None:
    speaker, session_id = stack.session(tenant="acme")
    _run(stack, "fanOut", session_id)
    stack.run_jobs()
    assert speaker.received[-1]["data"] == "to all of acme"


def _request(stack: Stack, session_id: str, request_id: str) -> BackgroundRequest:
    session = stack.services.sessions.get(SessionId(session_id))
    assert session is not None
    request = BackgroundRequest(
        request_id=request_id,
        connection_id=session.speaker_connection_id,
        session_id=session.session_id,
        tenant_id=session.tenant_id,
        request="deliverBroadcast",
        created_at=stack.clock.now,
        expires_at=session.expires_at,
        expected=2,
    )
    stack.services.requests.put(request)
    return request


def test_fan_out_with_progress(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    _request(stack, session_id, json.loads(RECORDED["fanOut_watched"])["requestId"])
    _run(stack, "fanOut_watched", session_id)
    stack.run_jobs()
    assert listener.received[-1]["data"] == "to many"
    completed = speaker.of_type("requestCompleted")
    assert completed[0]["result"] == {"delivered": 1, "gone": 0, "slow": 0, "unsent": 0}


def test_part_of_a_delivery(stack: Stack) -> None:
    _, session_id = stack.session()
    listeners = [stack.listener(session_id) for _ in range(2)]
    _run(stack, "deliver", session_id)
    assert [each.received[-1]["data"] for each in listeners] == ["only for here"] * 2


def test_part_of_a_delivery_with_progress(stack: Stack) -> None:
    _, session_id = stack.session()
    listeners = [stack.listener(session_id) for _ in range(2)]
    part = json.loads(RECORDED["deliver_part"])["part"]
    _request(stack, session_id, part["requestId"])
    _run(stack, "deliver_part", session_id)
    assert [each.received[-1]["data"] for each in listeners] == ["hola"] * 2
    kept = stack.services.requests.get(part["requestId"])
    assert kept is not None
    assert kept.parts[part["name"]] == {"delivered": 2, "gone": 0, "slow": 0}


def test_connections_found_gone(stack: Stack) -> None:
    _, session_id = stack.session()
    for _ in range(2):
        stack.listener(session_id)
    stack.clock.advance(60)
    _run(stack, "gone", session_id)
    assert stack.counts(session_id) == (0, {})


@pytest.mark.parametrize("name", ["statusTick", "statusTick_of_a_shard"])
def test_statuses(stack: Stack, name: str) -> None:
    speaker, session_id = stack.session()
    fields = (
        {"shard": stack.items("sessions")[0]["activeShard"]}
        if name == "statusTick_of_a_shard"
        else {}
    )
    _run(stack, name, session_id, **fields)
    assert speaker.received[-1]["type"] == "sessionStatus"


def test_submitted_request(stack: Stack) -> None:
    speaker, session_id = stack.session()
    accepted = speaker.send("submitRequest", request="sessionReport")
    _run(stack, "runRequest", session_id, requestId=accepted["requestId"])
    assert speaker.of_type("requestCompleted")


@pytest.mark.parametrize("name", ["sweep", "closeDue"])
def test_silent_connections_are_closed(stack: Stack, name: str) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.clock.advance(3600)
    _run(stack, name, session_id, **({"after": None} if name == "sweep" else {}))
    assert listener.connection_id in stack.sockets.closed


def test_notices(stack: Stack) -> None:
    speaker = stack.connect(f"role=speaker&token={stack.token(ttl=3600)}")
    stack.clock.advance(3595)
    _run(stack, "noticeDue", "")
    assert [each["type"] for each in speaker.received] == ["tokenExpiring"]


def test_removal_of_a_user(stack: Stack) -> None:
    speaker, session_id = stack.session("anna")
    _run(stack, "removeUser", session_id)
    assert stack.sockets.closed == [speaker.connection_id]


def test_repair_of_counts(stack: Stack) -> None:
    """The item counts a listener, and no connection is in the session."""
    _, session_id = stack.session()
    stack.change_shard(session_id, 0, listenerCount=1, languageCounts={"es": 1})
    _run(stack, "repairCounts", session_id)
    stack.advance(10)
    assert stack.counts(session_id) == (0, {})
