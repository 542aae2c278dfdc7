"""A bounded number of fuzzed frames and handshakes here; a hundred thousand and ten thousand in
`make test-nightly`. No 500, nothing unexpected in the log, nothing changed by what was refused.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.invariants import rules
from tests.security.fuzz import Fuzz
from tests.security.watched import Watched
from tests.stack import Client, Refused

ROUND = 500
"""Frames after which everybody starts anew: what is accepted has ended or filled up the room."""


class Room:
    """Everybody who may send something: in a session, in none, gone, moved on."""

    def __init__(self, seed: int) -> None:
        self.stack = Watched()
        speaker, session_id = self.stack.session("anna", "acme")
        _, other = self.stack.session("bela", "globex")
        listener, moving = self.stack.listener(session_id), self.stack.connect()
        joined = moving.send("joinSession", sessionId=session_id, targetLanguage="fr")
        fields = {"sessionId": session_id, "targetLanguage": "fr", "role": "listener"}
        token = joined["resumeToken"]
        moved = self.stack.connect()
        moved.send("refreshConnection", resumeToken=token, **fields)
        gone = self.stack.connect()
        gone.disconnect_event()
        bare = [self.stack.connect(), self.stack.speaker("anna", "acme")]
        self.clients: list[Client] = [speaker, listener, moving, moved, gone, *bare]
        right = {
            "sessionId": [session_id, session_id, other, "calm-oak-123"],
            "targetLanguage": ["es", "fr"],
            "sourceLanguage": ["en"],
            "role": ["listener", "speaker"],
            "resumeToken": [token],
            "token": [self.stack.token("anna", "acme"), self.stack.token("bela", "globex")],
            "lastSeq": [{"*": 0}, {"es": 3}],
            "topic": ["questions", "captions"],
            "request": ["sessionReport"],
            "params": [{}],
            "volume": [0.5, 1],
            "id": ["7"],
        }
        self.fuzz = Fuzz(seed, right)

    def frames(self, count: int) -> Iterator[tuple[str, str]]:
        """Send `count` frames. Yield each reply's code or type, and the frame."""
        for number in range(count):
            client = self.clients[number % len(self.clients)]
            text = self.fuzz.frame()
            with self.stack.changes() as changed:
                reply = client.send_text(text)
            yield str(reply.get("code", reply["type"])), text
            if reply["type"] == "error":
                assert reply["status"] < 500, (text, reply)
                assert changed == [], (text, reply)

    def handshakes(self, count: int) -> Iterator[int]:
        """Try `count` handshakes. Yield their statuses."""
        for _ in range(count):
            query, headers = self.fuzz.query(), self.fuzz.headers()
            before = self._lasting()
            status = self._status(query, headers)
            yield status
            assert status < 500, (query, headers)
            assert status == 200 or self._lasting() == before, (query, headers, status)

    def _status(self, query: dict[str, str], headers: dict[str, str]) -> int:
        try:
            self.stack.connect_with(query, headers)
        except Refused as refused:
            return refused.status
        return 200

    def check(self) -> None:
        """Check the rules in the end, all jobs done."""
        self.stack.run_jobs()
        self.stack.run_changes()
        assert self.stack.failures() == []
        assert rules.at_once(self.stack) == []

    def _lasting(self) -> list[object]:
        # A refused handshake may have come far enough to be undone: what counts is what is left.
        labels = ("sessions", "connections", "subscriptions", "requests", "history")
        return [self.stack.items(label) for label in labels]


def frames(total: int, seed: int) -> Counter[str]:
    """Return the number of times that each reply came."""
    replies: Counter[str] = Counter()
    for start in range(0, total, ROUND):
        room = Room(seed + start)
        replies.update(kind for kind, _ in room.frames(min(ROUND, total - start)))
        room.check()
    return replies


def handshakes(total: int, seed: int) -> Counter[int]:
    """Return the number of times that each status came."""
    statuses: Counter[int] = Counter()
    for start in range(0, total, ROUND // 5):
        room = Room(seed + start)
        statuses.update(room.handshakes(min(ROUND // 5, total - start)))
        room.check()
    return statuses


def test_fuzzed_frames() -> None:
    replies = frames(8_000, seed=1)

    # They get beyond the parser: each of these was refused, and as much was accepted.
    assert {"INVALID_JSON", "INVALID_MESSAGE", "UNKNOWN_ACTION", "FORBIDDEN"} <= replies.keys()
    assert {"heartbeatAck", "broadcastAccepted", "published", "requestAccepted"} <= replies.keys()


def test_fuzzed_handshakes() -> None:
    statuses = handshakes(1_000, seed=1)

    assert {200, 400, 401, 403, 404} <= statuses.keys()


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_frames() -> None:
    assert frames(100_000, seed=1_000_000).total() == 100_000


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_ten_thousand_handshakes() -> None:
    assert handshakes(10_000, seed=2_000_000).total() == 10_000
