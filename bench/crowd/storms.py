"""The crowds at one session's door, and what became of everybody.

Latencies are milliseconds of virtual time, from the client's message to its reply.
"""

import json
import math
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from bench.crowd.clients import Client, Json, seated, speaker_of
from bench.crowd.counts import counted, listeners
from bench.crowd.stage import Stage

Latencies = list[float]
_PATIENCE = 600.0
"""Seconds after which a session that has ended is taken to stay as it is."""


class Outcome(Struct, frozen=True):
    """One storm. `exact`: the count equals the connections, and the number expected."""

    tried: int
    refused: int
    latencies: Latencies
    conflicts: int
    exact: bool
    seconds: float = 0.0
    """From an end to when nobody is left."""

    @property
    def p95(self) -> float:
        """In milliseconds."""
        return quantile(self.latencies, 0.95)

    def figures(self) -> dict[str, float]:
        """Return the figures of a report's row."""
        return {
            "tried": self.tried,
            "refused": self.refused,
            "p50 ms": quantile(self.latencies, 0.5),
            "p95 ms": self.p95,
            "conflicts each": self.conflicts / self.tried,
            "exact": self.exact,
            "s until done": self.seconds,
        }


def quantile(values: Sequence[float], part: float) -> float:
    """Return the least value that `part` of the values do not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[math.ceil(part * len(ordered)) - 1] if ordered else math.nan


class Storm:
    """A stage with a session, and a note of what each client gets."""

    def __init__(self, root: Path, *, capacity: int, seed: int = 1) -> None:
        self.stage = Stage(root, seed=seed, MAX_LISTENERS_PER_SESSION=str(capacity))
        self.speaker, self.session_id = speaker_of(self.stage)
        self.latencies: Latencies = []
        self.refused: list[Json] = []

    def tried(self, act: Callable[[], Json], wanted: str) -> None:
        """Act, and note the latency of success or the refusal."""
        now = self.stage.simulation.now
        started = now()
        reply = act()
        if reply["type"] == wanted:
            self.latencies.append((now() - started) * 1000)
        else:
            self.refused.append(reply)

    def spread(self, acts: Sequence[Callable[[], None]], seconds: float) -> None:
        """Start each act at a random moment of the next `seconds`."""
        for act in acts:
            self.stage.simulation.spawn(act, after=self.stage.simulation.random.random() * seconds)

    def arriving(self, client: Client) -> Callable[[], None]:
        """Return the act of a listener that connects and joins."""

        def arrive() -> None:
            if client.connect() != 200:
                self.refused.append({"type": "error", "code": "CONNECT"})
                return
            self.tried(lambda: client.join(self.session_id), "sessionJoined")

        return arrive

    def outcome(self, tried: int, expected: int, conflicts: int) -> Outcome:
        """Let everything come to its end, and return what became of it."""
        self.stage.settle()
        there = listeners(self.stage, self.session_id)
        exact = counted(self.stage, self.session_id) == there == expected
        made = self.stage.wire.conflicts - conflicts
        return Outcome(tried, len(self.refused), self.latencies, made, exact)


def joins(root: Path, rate: int, seconds: int) -> Outcome:
    """Listeners connect and join."""
    storm = Storm(root, capacity=rate * seconds)
    crowd = [Client(storm.stage) for _ in range(rate * seconds)]
    storm.spread([storm.arriving(client) for client in crowd], seconds)
    storm.stage.settle()
    return storm.outcome(len(crowd), len(storm.latencies), 0)


def come_back(root: Path, size: int = 500, seconds: float = 2.0) -> Outcome:
    """All sockets are lost at once; each listener resumes on a new one, and the old ones end."""
    storm = Storm(root, capacity=size)
    crowd = seated(storm.stage, storm.session_id, size)
    before = storm.stage.wire.conflicts

    def returning(client: Client) -> Callable[[], None]:
        def act() -> None:
            lost, random = client.lose(), storm.stage.simulation.random.random
            storm.stage.simulation.spawn(lost, after=random() * seconds)
            storm.tried(client.come_back, "connectionRefreshComplete")

        return act

    storm.spread([returning(client) for client in crowd], seconds)
    storm.stage.settle()
    return storm.outcome(size, size - len(storm.refused), before)


def close(root: Path, size: int = 500, seconds: float = 2.0) -> Outcome:
    """Listeners close their sockets."""
    storm = Storm(root, capacity=size)
    crowd = seated(storm.stage, storm.session_id, size)
    before = storm.stage.wire.conflicts

    def closing(client: Client) -> Callable[[], None]:
        return lambda: storm.tried(client.hang_up, "closed")

    storm.spread([closing(client) for client in crowd], seconds)
    return storm.outcome(size, 0, before)


def end(root: Path, size: int = 1000, seconds: float = 2.0) -> Outcome:
    """The speaker ends the session; each listener is told and then closes its socket."""
    storm = Storm(root, capacity=size)
    crowd = {
        str(client.connection_id): client for client in seated(storm.stage, storm.session_id, size)
    }
    stage, simulation, before = storm.stage, storm.stage.simulation, storm.stage.wire.conflicts
    told: set[str] = set()

    def hear(connection_id: str, data: bytes) -> None:
        if json.loads(data)["type"] != "sessionEnded" or connection_id in told:
            return
        told.add(connection_id)
        if client := crowd.get(connection_id):
            simulation.spawn(client.hang_up, after=simulation.random.random() * seconds)

    stage.sockets.on_post = hear
    started = simulation.now()
    stage.call(lambda: storm.tried(lambda: storm.speaker.send("endSession"), "sessionEnded"))
    while counted(stage, storm.session_id) or listeners(stage, storm.session_id):
        simulation.run(simulation.now() + 0.1)
        if simulation.now() > started + _PATIENCE:
            break
    took = simulation.now() - started
    storm.refused += [{"type": "untold"}] * len(crowd.keys() - told)
    outcome = storm.outcome(size, 0, before)
    return replace(outcome, seconds=took)


def seats(root: Path, tries: int = 600, capacity: int = 500) -> Outcome:
    """More listeners than there are seats try to join at the same moment."""
    storm = Storm(root, capacity=capacity)
    crowd = [Client(storm.stage) for _ in range(tries)]
    for number, client in enumerate(crowd):
        storm.stage.simulation.spawn(client.connect, after=number * 0.01)
    storm.stage.settle()

    def joining(client: Client) -> Callable[[], None]:
        return lambda: storm.tried(lambda: client.join(storm.session_id), "sessionJoined")

    storm.spread([joining(client) for client in crowd], 0.05)
    storm.stage.settle()
    return storm.outcome(tries, len(storm.latencies), 0)


def captions(root: Path, rate: int, seconds: int = 5, every: float = 0.2) -> Outcome:
    """A speaker broadcasts while `rate` listeners join a second, in a language nobody hears yet."""
    storm = Storm(root, capacity=max(500, rate * seconds))
    simulation = storm.stage.simulation
    crowd = [Client(storm.stage) for _ in range(rate * seconds)]
    speaking = copy(storm)
    speaking.latencies, speaking.refused = [], []

    def say() -> None:
        speaking.tried(
            lambda: storm.speaker.send("broadcast", data="x" * 300, targetLanguage="fr"),
            "broadcastAccepted",
        )

    storm.spread([storm.arriving(client) for client in crowd], seconds)
    count = round(seconds / every)
    for number in range(count):
        simulation.spawn(say, after=number * every)
    storm.stage.settle()
    return speaking.outcome(count, len(storm.latencies), 0)
