"""Speakers and listeners, on the Python SDK."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.load.score import Score
from bench.load.sockets import Network
from lectern_client import create_session, join_session
from lectern_client.errors import LecternError
from lectern_client.listener import ListenerSession
from lectern_client.options import Options
from lectern_client.speaker import SpeakerSession

LANGUAGES = ("es", "fr", "de", "pt", "ja", "ar")
Seqs = defaultdict[str, set[int]]
"""Sequence numbers by stream."""


@dataclass
class Speaker:
    """A speaker with a session, and the accepted broadcasts."""

    url: str
    token: Callable[[], Any]
    score: Score
    size: int
    network: Network = field(init=False)
    session: SpeakerSession = field(init=False)
    accepted: Seqs = field(default_factory=lambda: defaultdict(set))

    async def join(self) -> None:
        """Create the session. Raises LecternError."""
        self.network = Network(self.score)
        began = time.perf_counter()
        self.session = await create_session(
            self.url,
            source_language="en",
            token=self.token,
            options=Options(connect=self.network.connect, request_timeout=30),
        )
        self.score.record_latency("join", began)
        self.session.on("message", lambda message: _note_error(message, self.score))

    async def talk(self, every: float, until: float) -> None:
        """Broadcast about once in `every` seconds, to everybody or in one language."""
        while (wait := random.uniform(0.5, 1.5) * every) < until - time.perf_counter():
            await asyncio.sleep(wait)
            await self._broadcast(random.choice([None, None, *LANGUAGES]))

    async def _broadcast(self, language: str | None) -> None:
        began = time.perf_counter()
        data = {"at": began, "text": "x" * self.size}
        try:
            reply = await self.session.broadcast(data, target_language=language)
        except LecternError as error:
            if not error.status:  # otherwise its message was recorded
                self.score.record_error(None, error.code)
            return
        self.score.record_latency("reply", began)
        self.score.broadcasts += 1
        self.accepted[reply["stream"]].add(reply["seq"])


class Listener:
    """A listener in one language, and the broadcasts that it received."""

    def __init__(self, url: str, speaker: Speaker, language: str, score: Score) -> None:
        self.network = Network(score)
        self.speaker = speaker
        self.session: ListenerSession
        self._url = url
        self._language = language
        self._score = score
        self._received: Seqs = defaultdict(set)
        self._reported_missing: Seqs = defaultdict(set)
        self._since: Mapping[str, int] = {}

    async def join(self) -> None:
        """Join. Raises LecternError."""
        began = time.perf_counter()
        self.session = await join_session(
            self._url,
            session_id=self.speaker.session.session_id,
            target_language=self._language,
            options=Options(connect=self.network.connect, request_timeout=30),
        )
        self._score.record_latency("join", began)
        self._since = dict(self.session.last_seq)
        self.session.on("message", self._on_message)
        self.session.on("broadcast", self._on_broadcast)
        self.session.on("gap", self._on_gap)

    def missing(self) -> int:
        """Return how many broadcasts since it joined neither arrived nor were reported as a gap."""
        return sum(
            seq > self._since.get(stream, 0)
            for stream in ("*", self._language)
            for seq in self.speaker.accepted[stream]
            - self._received[stream]
            - self._reported_missing[stream]
        )

    def _on_message(self, message: Mapping[str, Any]) -> None:
        kind = message.get("type")
        if kind == "broadcast":
            self._score.arrived += 1
        elif kind == "heartbeatAck":
            self.network.heartbeat_acknowledged()
        _note_error(message, self._score)
        self._score.arrived += len(message.get("missed", ()))

    def _on_broadcast(self, message: Any) -> None:
        received = self._received[message["stream"]]
        if message["seq"] in received:
            self._score.duplicates += 1
        received.add(message["seq"])
        self._score.record_latency("delivery", message["data"]["at"])

    def _on_gap(self, gap: Any) -> None:
        seqs = range(gap["first"], gap["last"] + 1)
        self._reported_missing[gap["stream"]].update(seqs)
        self._score.gaps += len(seqs)


def _note_error(message: Mapping[str, Any], score: Score) -> None:
    if message.get("type") == "error":
        score.record_error(message["status"], message["code"])
    elif "type" not in message:  # API Gateway's own
        score.record_error(500, str(message.get("message")))
