"""One run: participants join, talk, listen, drop and refresh; then missing broadcasts are
counted."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.load.participants import LANGUAGES, Listener, Speaker
from bench.load.score import Score
from lectern_client.errors import LecternError

Token = Callable[[str], Awaitable[str]]
"""A function that returns a JWT for a user of this name."""
_TOGETHER = 32
"""Concurrent handshakes."""
_TICK = 0.2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The parameters of a run. Rates are in percent of the listeners a minute."""

    url: str
    speakers: int
    listeners: int
    minutes: float
    drops: float
    refreshes: float
    every: float
    """Seconds between two broadcasts of a speaker."""
    size: int
    """Characters of a broadcast's text."""
    ramp: float
    """Joins a second."""
    together: int = 0
    """Times, spread over the talking, at which all listeners drop in the same instant."""
    settle: float
    """Seconds in which missing broadcasts may still be recovered, and counts become exact."""


class Run:
    """The participants of one run. `phase` says what they do."""

    def __init__(self, plan: Plan, token: Token, score: Score) -> None:
        self.plan = plan
        self.score = score
        self.phase = "joining"
        self.listeners: list[Listener] = []
        self.speakers = [
            Speaker(plan.url, _token_of(token, number), score, plan.size)
            for number in range(plan.speakers)
        ]

    async def play(self) -> None:
        """Run from the first handshake to the last close; the score has the result."""
        await _all([speaker.join() for speaker in self.speakers])
        await self._join_listeners()
        self.phase = "talking"
        until = time.perf_counter() + self.plan.minutes * 60
        talking = [asyncio.create_task(each.talk(self.plan.every, until)) for each in self.speakers]
        await self._drop_and_refresh(until)
        await asyncio.gather(*talking)
        self.phase = "settling"
        await self._settle()
        self.phase = "leaving"
        self.score.is_finished = True
        await _all([speaker.session.end_session() for speaker in self.speakers])

    def open(self) -> int:
        """Return how many listeners are connected."""
        return sum(each.session.state in ("open", "refreshing") for each in self.listeners)

    async def _join_listeners(self) -> None:
        room = asyncio.Semaphore(_TOGETHER)

        async def one(number: int) -> None:
            speaker = self.speakers[number % len(self.speakers)]
            language = LANGUAGES[number // len(self.speakers) % len(LANGUAGES)]
            listener = Listener(self.plan.url, speaker, language, self.score)
            async with room:
                try:
                    await listener.join()
                except LecternError as error:
                    self.score.record_error(None, f"join refused: {error.code}")
                    return
            self.listeners.append(listener)

        joining = []
        for number in range(self.plan.listeners):
            joining.append(asyncio.create_task(one(number)))
            self.score.now.open = self.open()
            await asyncio.sleep(1 / self.plan.ramp)
        await asyncio.gather(*joining)

    async def _drop_and_refresh(self, until: float) -> None:
        """Drop and refresh connections, spread over the time; drop all where that is planned."""
        share = len(self.listeners) * _TICK / 6000
        began = time.perf_counter()
        parts = self.plan.together + 1
        crowds = [began + (until - began) * part / parts for part in range(1, parts)]
        while time.perf_counter() < until:
            if crowds and time.perf_counter() >= crowds[0]:
                crowds.pop(0)
                await self._drop_all()
            for _ in range(_times(self.plan.drops * share)):
                random.choice(self.listeners).network.drop()
            for _ in range(_times(self.plan.refreshes * share)):
                self.score.refreshes += 1
                random.choice(self.listeners).session.refresh()
            self.score.now.open = self.open()
            await asyncio.sleep(_TICK)

    async def _drop_all(self) -> None:
        """Drop everybody at once, and record how long it takes until all are back."""
        began = time.perf_counter()
        for listener in self.listeners:
            listener.network.drop()
        await asyncio.sleep(_TICK)  # until the clients have noticed
        while self.open() < len(self.listeners):
            if time.perf_counter() > began + self.plan.settle:
                return
            self.score.now.open = self.open()
            await asyncio.sleep(_TICK / 4)
        self.score.returns.append(time.perf_counter() - began)

    async def _settle(self) -> None:
        end = time.perf_counter() + self.plan.settle
        while True:
            self.score.now.open = self.open()
            self.score.lost = sum(listener.missing() for listener in self.listeners)
            self.score.miscounted = await self._miscounted()
            done = not self.score.lost and not self.score.miscounted
            if done or time.perf_counter() > end:
                return
            await asyncio.sleep(1)

    async def _miscounted(self) -> list[str]:
        """Describe each session whose count differs from its connected listeners."""
        wrong = []
        for speaker in self.speakers:
            there = sum(
                each.speaker is speaker and each.session.state != "closed"
                for each in self.listeners
            )
            try:
                counted = (await speaker.session.get_session_status())["listenerCount"]
            except LecternError as error:
                wrong.append(f"{speaker.session.session_id}: {error.code}")
                continue
            if counted != there:
                wrong.append(f"{speaker.session.session_id} counts {counted} of {there}")
        return wrong


def _token_of(token: Token, number: int) -> Callable[[], Awaitable[str]]:
    return lambda: token(f"load-{number}")


async def _all(doing: Sequence[Awaitable[object]]) -> None:
    await asyncio.gather(*doing)


def _times(expected: float) -> int:
    """Return a whole number that is `expected` on average."""
    return int(expected) + (random.random() < expected % 1)
