"""Missed broadcasts are recovered, or reported as a gap (PROTOCOL 6.2)."""

import json
import random
from bisect import bisect_left
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib import wiring
from chalicelib.domain.types import Millis, SessionId
from chalicelib.errors import ServiceDown
from chalicelib.stores.history import HistoryEntry
from tests.stack import Client, Json, Stack


class Follower:
    """A client's view: the last seq that it saw of each stream, and every broadcast that it got."""

    def __init__(self, language: str = "es") -> None:
        self.language = language
        self.got: dict[str, list[int]] = {"*": [], language: []}

    def read(self, client: Client) -> None:
        for message in client.of_type("broadcast"):
            self.take(message)

    def restore(self, reply: Json) -> None:
        assert reply["gap"] is False
        for message in reply["missed"]:
            self.take(message)

    def take(self, message: Json) -> None:
        seqs = self.got[message["stream"]]
        if message["seq"] not in seqs:
            seqs.append(message["seq"])

    @property
    def last_seq(self) -> dict[str, int]:
        """The last one before the first hole."""
        return {
            stream: next(n for n in range(len(seqs) + 1) if n + 1 not in seqs)
            for stream, seqs in self.got.items()
        }


def test_a_listener_cut_for_five_seconds_gets_all_of_forty_broadcasts(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.connect()
    joined = listener.send("joinSession", sessionId=session_id, targetLanguage="es")
    follower = Follower()
    speaker.send("broadcast", data=0)
    follower.read(listener)
    listener.close(lost=True)
    for number in range(40):
        stack.clock.advance(0.125)
        language = {} if number % 2 else {"targetLanguage": "es"}
        speaker.send("broadcast", data=number, **language)

    reply = stack.connect().send(
        "joinSession",
        sessionId=session_id,
        targetLanguage="es",
        resumeToken=joined["resumeToken"],
        lastSeq=follower.last_seq,
    )

    assert [m["seq"] for m in reply["missed"] if m["stream"] == "*"] == list(range(2, 22))
    assert [m["seq"] for m in reply["missed"] if m["stream"] == "es"] == list(range(1, 21))
    follower.restore(reply)
    assert follower.last_seq == reply["lastSeq"] == {"*": 21, "es": 20}
    assert stack.counts(session_id) == (1, {"es": 1})


@pytest.mark.parametrize("seeds", [range(start, start + 25) for start in range(0, 100, 25)])
def test_a_refresh_during_constant_broadcasting_loses_nothing(seeds: range, stack: Stack) -> None:
    """A broadcast may come in before any call that the refresh makes to the outside."""
    for seed in seeds:
        refresh_while_broadcasting(stack, seed)


def test_a_broadcast_that_could_not_be_kept_is_reported_as_lost(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    speaker.send("broadcast", data="first")
    stack.database.fail("PutItem", ServiceDown("a table"), stack.aws.tables["history"])

    refused = speaker.send("broadcast", data="lost")
    speaker.send("broadcast", data="third")
    reply = listener.send("recover", lastSeq={"*": 0})

    assert refused["code"] == "SERVICE_UNAVAILABLE"
    assert [each["seq"] for each in listener.of_type("broadcast")] == [1, 3]
    assert [each["seq"] for each in reply["missed"]] == [1, 3]
    assert reply["gap"] is True
    assert listener.send("recover", lastSeq={"*": 3})["gap"] is False


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_broadcast_that_is_being_kept_just_now_is_waited_for(stack: Stack, missing: int) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    for _ in range(3):
        speaker.send("broadcast", data="x")
    [late] = stack.services.history.page(SessionId(session_id), "*", missing, 1)
    forget(stack, session_id, missing)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            stack.services.history.keep(SessionId(session_id), "*", late)

    wiring.install(replace(stack.services, sleep=sleep))
    reply = listener.send("recover", lastSeq={"*": 0})

    assert [each["seq"] for each in reply["missed"]] == [1, 2, 3]
    assert reply["gap"] is False
    assert len(waits) == 2


def test_an_old_gap_is_not_waited_for(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    for _ in range(3):
        speaker.send("broadcast", data="x")
    forget(stack, session_id, 2)
    stack.clock.advance(6)
    waits: list[float] = []
    wiring.install(replace(stack.services, sleep=waits.append))

    reply = listener.send("recover", lastSeq={"*": 0})

    assert ([each["seq"] for each in reply["missed"]], reply["gap"]) == ([1, 3], True)
    assert waits == []


def test_hours_of_expired_broadcasts_are_not_read(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    expired = Millis(stack.clock.now - 1)
    for seq in range(1, 401):
        kept = HistoryEntry(seq, json.dumps({"type": "broadcast", "seq": seq}), expired)
        stack.services.history.keep(SessionId(session_id), "*", kept)
    stack.change_session(session_id, streamPositions={"*": 400})
    speaker.send("broadcast", data="new")
    speaker.send("broadcast", data="newer")

    with stack.outside.counted() as calls:
        reply = listener.send("recover", lastSeq={})

    assert ([each["seq"] for each in reply["missed"]], reply["gap"]) == ([401, 402], True)
    assert calls.count("Query") < 15


def test_what_has_all_expired_is_a_gap_at_once(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    for _ in range(5):
        speaker.send("broadcast", data="x")
    stack.clock.advance(120)
    waits: list[float] = []
    wiring.install(replace(stack.services, sleep=waits.append))

    reply = listener.send("recover", lastSeq={"*": 2})

    assert (reply["missed"], reply["gap"], waits) == ([], True, [])


@pytest.mark.parametrize("language", [{}, {"targetLanguage": "zho-Hant-TW"}])
def test_the_largest_broadcast_that_is_accepted_can_be_recovered(
    stack: Stack, language: Json
) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id, "zho-Hant-TW")
    stream = language.get("targetLanguage", "*")

    def say(size: int) -> bool:
        reply = speaker.send("broadcast", data="x" * size, **language)
        return bool(reply["type"] == "broadcastAccepted")

    largest = bisect_left(range(131_072), True, key=lambda size: not say(size)) - 1
    before = stack.session_item(session_id)["streamPositions"][stream]
    assert say(largest)
    assert say(20)
    known = {"*": 0, "zho-Hant-TW": 0, stream: before}
    entry = {"sessionId": session_id, "targetLanguage": "zho-Hant-TW", "lastSeq": known}

    joined = stack.connect().send("joinSession", **entry)
    listener.received.clear()
    first = listener.send("recover", lastSeq=known)
    second = listener.send("recover", lastSeq=known | {stream: before + 1})

    assert 130_900 < largest < 131_072
    for reply in (joined, first):
        assert (reply["missed"], reply["gap"]) == ([], True)
    (alone,) = listener.received
    assert (alone["stream"], alone["seq"], len(alone["data"])) == (stream, before + 1, largest)
    assert ([len(each["data"]) for each in second["missed"]], second["gap"]) == ([20], False)


def test_a_reply_never_passes_what_the_gateway_carries(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    for _ in range(14):
        speaker.send("broadcast", data="x" * 10_000)

    reply = listener.send("recover", lastSeq={"*": 0}, id="\n" * 128)

    size = len(json.dumps(reply, ensure_ascii=False, separators=(",", ":")).encode())
    assert 128 * 1024 - 12_000 < size <= 128 * 1024
    assert reply["gap"] is True


def test_a_client_without_last_seq_gets_no_missed_broadcasts(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("broadcast", data="before")

    joined = stack.connect().send("joinSession", sessionId=session_id, targetLanguage="es")

    assert "missed" not in joined
    assert "gap" not in joined
    assert joined["lastSeq"] == {"*": 1, "es": 0}


def test_a_session_that_is_gone_cannot_be_recovered(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.delete("sessions", sessionId=session_id)

    assert listener.send("recover", lastSeq={})["code"] == "SESSION_NOT_FOUND"


def forget(stack: Stack, session_id: str, seq: int) -> None:
    """As if a broadcast's place in the history had not been written (yet)."""
    stack.delete("history", streamKey=f"{session_id}#*", seq=seq)


def refresh_while_broadcasting(stack: Stack, seed: int) -> None:
    chance = random.Random(seed)
    speaker, session_id = stack.session(f"speaker-{seed}")
    old, new = stack.connect(), stack.connect()
    joined = old.send("joinSession", sessionId=session_id, targetLanguage="es")
    follower = Follower()
    language = {"targetLanguage": "es"}

    def speak() -> None:
        speaker.send("broadcast", data="x", **(language if chance.random() < 0.4 else {}))

    for _ in range(chance.randrange(4)):
        speak()
    follower.read(old)
    operations = ["GetItem", "GetItem", "TransactWriteItems", "GetItem", "Query", "Query"]
    for operation in chance.sample(operations, chance.randrange(1, 6)):
        stack.database.before(operation, speak)  # type: ignore[arg-type]
    fields: dict[str, Any] = {"resumeToken": joined["resumeToken"]} if seed % 3 else {}
    reply = new.send(
        "refreshConnection",
        sessionId=session_id,
        role="listener",
        lastSeq=follower.last_seq,
        **fields,
        **language,
    )
    assert reply["type"] == "connectionRefreshComplete", reply
    for _ in range(chance.randrange(3)):
        speak()

    follower.read(old)
    old.close()
    for _ in range(chance.randrange(1, 3)):
        speak()
    follower.restore(reply)
    follower.read(new)

    positions = stack.session_item(session_id)["streamPositions"]
    assert follower.last_seq == {"*": positions.get("*", 0), "es": positions.get("es", 0)}
    assert stack.counts(session_id) == (1, {"es": 1})
