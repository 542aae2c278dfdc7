"""The cost of a session: the usage of each action, times how often it happens."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from bench.billing.lectern import HEARTBEAT_SECONDS, Lectern
from bench.billing.naive import Naive
from bench.billing.prices import Usage
from tests.aws import MotoServer

REFRESH_MINUTES = 100
_FEW, _MORE = 2, 32
"""Session sizes at which growing usage is counted; in between and beyond it is linear."""
_RUNS = 7
ACTIONS = (
    "speaker_arrives",
    "listener_arrives",
    "heartbeat",
    "broadcast",
    "status",
    "sweep",
    "refresh",
    "listener_leaves",
)


class Design(Protocol):
    """A metered session: each method performs one action and returns its usage."""

    def speaker_arrives(self) -> Usage: ...
    def another_session(self) -> None: ...
    def listener_arrives(self) -> Usage: ...
    def heartbeat(self) -> Usage: ...
    def broadcast(self) -> Usage: ...
    def status(self) -> Usage: ...
    def sweep(self) -> Usage: ...
    def refresh(self) -> Usage: ...
    def listener_leaves(self) -> Usage: ...


@dataclass(frozen=True)
class Room:
    """Concurrent sessions in one stage: their listeners, duration and broadcasts."""

    listeners: int
    sessions: int = 1
    hours: float = 2
    broadcasts_a_minute: float = 1

    def per_thousand(self, usage: Usage) -> float:
        """Return USD for 1,000 listener-hours."""
        return usage.total / (self.sessions * self.listeners * self.hours) * 1000


@dataclass(frozen=True)
class Counted:
    """Usage of each action with `_FEW` listeners, and the increase for each listener and
    session."""

    few: dict[str, Usage]
    for_listener: dict[str, Usage]
    status_of_session: Usage
    """The usage of one more session in the statuses, in a stage of `_MORE` listeners."""

    def action(self, name: str, listeners: int) -> Usage:
        return self.few[name] + self.for_listener[name] * (listeners - _FEW)

    def status(self, room: Room) -> Usage:
        """Return a minute's statuses. A design that scans reads all connections for each
        session."""
        everybody = room.sessions * room.listeners
        one = self.few["status"] + self.for_listener["status"] * (everybody - _FEW)
        another = self.status_of_session + self.for_listener["status"] * (everybody - _MORE)
        return one + another * (room.sessions - 1)

    def stage(self, room: Room) -> Usage:
        """Return the usage of a stage with such sessions: everybody joins, stays, and leaves."""
        minutes, people = room.hours * 60, room.listeners + 1
        times = {
            "speaker_arrives": 1.0,
            "listener_arrives": room.listeners,
            "heartbeat": people * minutes * 60 / HEARTBEAT_SECONDS,
            "broadcast": minutes * room.broadcasts_a_minute,
            "refresh": room.listeners * (minutes // REFRESH_MINUTES),
            "listener_leaves": room.listeners,
        }
        used = Usage(connection_minutes=people * minutes)
        for name, often in times.items():
            used += self.action(name, room.listeners) * often
        sweep = self.action("sweep", room.sessions * people)
        return used * room.sessions + (self.status(room) + sweep) * minutes


def floor(room: Room) -> Usage:
    """Return connection minutes and the messages that the protocol needs, and nothing else."""
    minutes, people = room.hours * 60, room.listeners + 1
    heartbeats = 2 * people * minutes * 60 / HEARTBEAT_SECONDS
    broadcasts = minutes * room.broadcasts_a_minute * (room.listeners + 2)
    refreshes = room.listeners * (minutes // REFRESH_MINUTES)
    messages = people + heartbeats + broadcasts + 2 * minutes + 2 * refreshes
    return Usage(messages=messages, connection_minutes=people * minutes) * room.sessions


@contextmanager
def counted() -> Iterator[dict[str, Counted]]:
    """Yield both designs by name. The environment, which the naive one reads, is restored."""
    kept = dict(os.environ)
    try:
        with MotoServer() as server:
            yield {
                "Lectern": _count(Lectern(server, "-cost")),
                "naive": _count(Naive(server, "-cost")),
            }
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _count(design: Design) -> Counted:
    few = {"speaker_arrives": design.speaker_arrives()}
    for _ in range(_FEW):
        few["listener_arrives"] = design.listener_arrives()
    design.broadcast()  # the first opens a stream
    changing = ("heartbeat", "broadcast", "status", "sweep")
    few |= {name: _least(getattr(design, name)) for name in changing}
    for _ in range(_MORE - _FEW):
        design.listener_arrives()
    design.status()  # so many joins send the speaker an extra status
    many = {name: _least(getattr(design, name)) for name in ("broadcast", "status", "sweep")}
    few |= {"refresh": design.refresh(), "listener_leaves": design.listener_leaves()}
    design.listener_arrives()
    design.another_session()
    design.status()
    another = _least(design.status) - many["status"]
    more = {name: _growth(few[name], many[name]) for name in many}
    return Counted(few, {name: more.get(name, Usage()) for name in ACTIONS}, another)


def _growth(few: Usage, many: Usage) -> Usage:
    """Return the increase for each listener. A decrease is noise of the CPU and counts as 0."""
    return Usage(*(max(0.0, each) / (_MORE - _FEW) for each in many - few))


def _least(happens: Callable[[], Usage]) -> Usage:
    """Return the run with the least CPU of several: nothing else varies."""
    return min((happens() for _ in range(_RUNS)), key=lambda used: used.lambda_ms)
