"""Single actions, each on the share of a core that its function has: milliseconds of virtual time.

The handlers' CPU is measured as they run; that of the wire is added, as it was measured over TLS.
The floor is the same without any CPU: round trips alone.
"""

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bench.crowd.clients import Client, seated, speaker_of
from bench.crowd.naive import Naive
from bench.crowd.stage import Costs, Stage
from bench.harness import HERE

HEARTBEAT_SECONDS = 50.0
_WARM_UP = 5
Seconds = float


class Room(Protocol):
    """A session with listeners. Each method waits for one action and returns its seconds."""

    stage: Stage

    def connect(self) -> Seconds: ...

    def heartbeat(self) -> Seconds: ...

    def broadcast(self) -> Seconds: ...

    def close(self) -> Seconds: ...

    def status(self) -> Seconds: ...


class Lectern:
    """A session of Lectern with `size` listeners."""

    def __init__(self, root: Path, size: int, costs: Costs | None) -> None:
        self.stage = Stage(root, costs=costs, MAX_LISTENERS_PER_SESSION=str(size + 100))
        self._now = self.stage.simulation.now
        self._speaker, session_id = speaker_of(self.stage)
        self._listeners = seated(self.stage, session_id, size)

    def connect(self) -> Seconds:
        client = Client(self.stage)
        return self._timed(client.connect)

    def heartbeat(self) -> Seconds:
        return self._timed(lambda: self._listeners[0].send("heartbeat"))

    def heartbeat_with_seq(self) -> Seconds:
        return self._timed(lambda: self._listeners[0].send("heartbeat", wantSeq=True))

    def broadcast(self) -> Seconds:
        """Return the seconds until the last listener has it."""
        started = self._now()
        self._timed(lambda: self._speaker.send("broadcast", data="x" * 300))
        inboxes = [self.stage.sockets.open[client.connection_id] for client in self._listeners]
        assert all(inbox[-1][0] > started for inbox in inboxes)
        return max(inbox[-1][0] for inbox in inboxes) - started

    def close(self) -> Seconds:
        return self._timed(self._listeners.pop().hang_up)

    def status(self) -> Seconds:
        return self._timed(lambda: self._speaker.send("getSessionStatus"))

    def _timed(self, act: Callable[[], object]) -> Seconds:
        started = self._now()
        self.stage.call(act)
        return self._now() - started


def costs() -> Costs:
    """Return the CPU of the lean wire over TLS, as `bench wire` and `bench fanout` measured it."""
    results = json.loads((HERE / "results.json").read_text())

    def median(bench: str, title: str, figure: str) -> float:
        (report,) = [each for each in results[bench]["reports"] if each["title"] == title]
        (row,) = [each for each in report["rows"] if each["name"] == "Lectern"]
        return float(row["figures"][figure][0]) / 1e6

    return Costs(
        call=median("wire", "A DynamoDB call, with TLS", "CPU µs a call"),
        post=median("fanout", "Fan-out of 1,000, with TLS", "CPU µs a post"),
    )


def naive(size: int) -> Naive:
    """Return the naive peer with `size` listeners."""
    return Naive(size)


def measure(room: Room, act: Callable[[], Seconds], times: int, every: float) -> list[float]:
    """Return the milliseconds of an action, done so many times, one each `every` seconds."""
    gc.collect()
    gc.freeze()  # what was seated is no garbage of a function
    taken = []
    try:
        for _ in range(_WARM_UP + times):
            room.stage.settle(every)
            taken.append(act() * 1000)
    finally:
        gc.unfreeze()
    return taken[_WARM_UP:]
