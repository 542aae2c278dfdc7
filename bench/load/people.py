"""Speakers and listeners, on the Python SDK as users have it."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.load.score import Score
from bench.load.sockets import Line
from lectern_client import create_session, join_session
from lectern_client.errors import LecternError
from lectern_client.listener import ListenerSession
from lectern_client.options import Options
from lectern_client.speaker import SpeakerSession

LANGUAGES = ("es", "fr", "de", "pt", "ja", "ar")
Seqs = defaultdict[str, set[int]]
"""By stream."""


@dataclass
class Speaker:
    """A session, and what was accepted of what it said."""

    url: str
    token: Callable[[], Any]
    score: Score
    size: int
    line: Line = field(init=False)
    session: SpeakerSession = field(init=False)
    accepted: Seqs = field(default_factory=lambda: defaultdict(set))

    async def comes(self) -> None:
        """Opens the session. Raises LecternError."""
        self.line = Line(self.score)
        began = time.perf_counter()
        self.session = await create_session(
            self.url,
            source_language="en",
            token=self.token,
            options=Options(connect=self.line.connect, request_timeout=30),
        )
        self.score.took("join", began)
        self.session.on("message", lambda message: _note_error(message, self.score))

    async def talks(self, every: float, until: float) -> None:
        """Says something about every so many seconds: to everybody, or in one language."""
        while (wait := random.uniform(0.5, 1.5) * every) < until - time.perf_counter():
            await asyncio.sleep(wait)
            await self._says(random.choice([None, None, *LANGUAGES]))

    async def _says(self, language: str | None) -> None:
        began = time.perf_counter()
        data = {"at": began, "text": "x" * self.size}
        try:
            reply = await self.session.broadcast(data, target_language=language)
        except LecternError as error:
            if not error.status:  # else its message was noted
                self.score.failed(None, error.code)
            return
        self.score.took("reply", began)
        self.score.said += 1
        self.accepted[reply["stream"]].add(reply["seq"])


class Listener:
    """Somebody who listens in one language, and remembers what arrived."""

    def __init__(self, url: str, speaker: Speaker, language: str, score: Score) -> None:
        self.line = Line(score)
        self.speaker = speaker
        self.session: ListenerSession
        self._url = url
        self._language = language
        self._score = score
        self._heard: Seqs = defaultdict(set)
        self._given_up: Seqs = defaultdict(set)
        self._since: Mapping[str, int] = {}

    async def comes(self) -> None:
        """Joins. Raises LecternError."""
        began = time.perf_counter()
        self.session = await join_session(
            self._url,
            session_id=self.speaker.session.session_id,
            target_language=self._language,
            options=Options(connect=self.line.connect, request_timeout=30),
        )
        self._score.took("join", began)
        self._since = dict(self.session.last_seq)
        self.session.on("message", self._arrived)
        self.session.on("broadcast", self._hears)
        self.session.on("gap", self._misses)

    def missing(self) -> int:
        """How many broadcasts it should have had since it came, and has neither had nor been told
        that they are gone."""
        return sum(
            seq > self._since.get(stream, 0)
            for stream in ("*", self._language)
            for seq in self.speaker.accepted[stream] - self._heard[stream] - self._given_up[stream]
        )

    def _arrived(self, message: Mapping[str, Any]) -> None:
        kind = message.get("type")
        if kind == "broadcast":
            self._score.arrived += 1
        elif kind == "heartbeatAck":
            self.line.answered()
        _note_error(message, self._score)
        self._score.arrived += len(message.get("missed", ()))

    def _hears(self, message: Any) -> None:
        heard = self._heard[message["stream"]]
        if message["seq"] in heard:
            self._score.twice += 1
        heard.add(message["seq"])
        self._score.took("delivery", message["data"]["at"])

    def _misses(self, gap: Any) -> None:
        seqs = range(gap["first"], gap["last"] + 1)
        self._given_up[gap["stream"]].update(seqs)
        self._score.gaps += len(seqs)


def _note_error(message: Mapping[str, Any], score: Score) -> None:
    if message.get("type") == "error":
        score.failed(message["status"], message["code"])
    elif "type" not in message:  # API Gateway's own
        score.failed(500, str(message.get("message")))
