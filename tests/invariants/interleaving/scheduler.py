"""Runs acts as threads of which exactly one runs at a time, and decides before each call which.

An act that sleeps lets another one make a step, for there is no time here. What runs outside of
`play` (the preparation, the rest of the work) is alone, and no call of it waits.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.invariants.interleaving.calls import Call

_MAX_POINTS = 600
Act = Callable[[], object]


class Abandoned(BaseException):
    """The rest of this schedule is known from another one. No handler catches this."""


class Endless(BaseException):
    """The acts make ever more calls."""


@dataclass(frozen=True)
class Point:
    """A moment at which an act was about to make a call, and one of those that could was chosen."""

    chosen: int
    running: int | None
    """The act that would have gone on if there were no choice, None if it could not."""
    ready: tuple[int, ...]
    call: Call | None
    """The call that `running` was about to make."""
    before: int
    """The number of calls that were made before."""
    preemptions: int
    """The number of choices before this one that interrupted an act."""
    fingerprint: int
    """The same for histories that differ only in the order of independent calls."""

    def cost(self, choice: int) -> int:
        """Return 1 if this choice interrupts an act that could go on, else 0."""
        return int(self.running is not None and choice != self.running)


@dataclass
class Schedule:
    """One order of the calls of some acts."""

    points: list[Point] = field(default_factory=list)
    calls: list[tuple[int, Call]] = field(default_factory=list)
    """The act and the call, in order."""
    failures: list[tuple[int, BaseException]] = field(default_factory=list)
    fingerprint: int = 0
    abandoned: bool = False
    rest: list[tuple[int, Call]] = field(default_factory=list)
    """The calls that another schedule has made from where this one was abandoned."""

    @property
    def choices(self) -> list[int]:
        """The act that was chosen at each point: `play` repeats the schedule by them."""
        return [point.chosen for point in self.points]


Known = Callable[[Schedule, Point], bool]
"""Returns whether another schedule has gone on from this point, with as much left to choose."""


class Scheduler:
    """The baton. Ports call `step` before each of their calls, and `sleep` instead of sleeping."""

    def __init__(self) -> None:
        self._run: _Run | None = None

    @property
    def running(self) -> int | None:
        """The act that makes the present call; None outside of `play`."""
        return None if self._run is None else self._run.current

    def step(self, call: Call) -> None:
        """Wait until it is this act's turn to make a call."""
        if self._run is not None:
            self._run.step(call)

    def sleep(self, _seconds: float) -> None:
        """Let another act make a step, if there is one that can."""
        if self._run is not None:
            self._run.sleeping.add(self._run.current)

    def play(
        self, acts: Sequence[Act], choices: Sequence[int] = (), known: Known = lambda *_: False
    ) -> Schedule:
        """Run the acts by these choices, then each act as far as it gets. Return the schedule."""
        self._run = _Run(acts, choices, known)
        try:
            return self._run.play()
        finally:
            self._run = None


class _Run:
    """One schedule while it is played."""

    def __init__(self, acts: Sequence[Act], choices: Sequence[int], known: Known) -> None:
        self.current = -1
        self.sleeping: set[int] = set()
        self._acts = acts
        self._choices = choices
        self._known = known
        self._left = set(range(len(acts)))
        self._gates = [threading.Lock() for _ in acts]
        self._over = threading.Lock()
        self._fingerprint = _Fingerprint(len(acts))
        self._schedule = Schedule()

    def play(self) -> Schedule:
        for gate in (*self._gates, self._over):
            gate.acquire()
        threads = [
            threading.Thread(target=self._perform, args=(number,), daemon=True)
            for number in range(len(self._acts))
        ]
        for thread in threads:
            thread.start()
        self._pass_on()
        self._over.acquire()
        for thread in threads:
            thread.join()
        self._schedule.fingerprint = self._fingerprint.value
        return self._schedule

    def step(self, call: Call) -> None:
        """Wait for the turn of the act that runs now, and note its call."""
        number = self.current
        following = self._next(number, call)
        if following != number:
            self._gates[following].release()
            self._gates[number].acquire()
        if self._schedule.abandoned:
            raise Abandoned
        self.current = number
        self.sleeping.clear()
        self._schedule.calls.append((number, call))
        self._fingerprint.add(number, call)

    def _perform(self, number: int) -> None:
        self._gates[number].acquire()
        self.current = number
        try:
            if not self._schedule.abandoned:
                self._acts[number]()
        except Abandoned:
            pass
        except BaseException as failure:
            self._schedule.failures.append((number, failure))
        self._left.discard(number)
        self._pass_on()

    def _pass_on(self) -> None:
        """Give the baton to the act that goes on after one is over."""
        gate = self._gates[self._next(None)] if self._left else self._over
        gate.release()

    def _next(self, running: int | None, call: Call | None = None) -> int:
        """Decide which act goes on. `running` asks, before this call; None if an act is over."""
        schedule, points = self._schedule, self._schedule.points
        if schedule.abandoned:
            return next(iter(self._left)) if running is None else running
        if running is not None and len(points) > _MAX_POINTS:
            raise Endless
        ready = tuple(sorted(self._left - self.sleeping or self._left))
        going_on = running if running in ready else None
        spent = sum(point.cost(point.chosen) for point in points[-1:])
        spent += points[-1].preemptions if points else 0
        point = Point(
            self._choice(len(points), ready, going_on),
            going_on,
            ready,
            call,
            len(schedule.calls),
            spent,
            self._fingerprint.value,
        )
        schedule.abandoned = len(points) >= len(self._choices) and self._known(schedule, point)
        points.append(point)
        return point.chosen

    def _choice(self, index: int, ready: Sequence[int], going_on: int | None) -> int:
        wanted = self._choices[index] if index < len(self._choices) else going_on
        return ready[0] if wanted is None or wanted not in ready else wanted


class _Fingerprint:
    """A number for what has happened, whatever the order of independent calls."""

    def __init__(self, acts: int) -> None:
        self.value = 0
        self._last = [0] * acts
        self._made: list[tuple[Call, int]] = []

    def add(self, number: int, call: Call) -> None:
        """Add a call. Its own number has those of the calls before it that it depends on."""
        before = sum(each for made, each in self._made if call.depends_on(made))
        event = hash((number, call.label, self._last[number], before))
        self._last[number] = event
        self._made.append((call, event))
        self.value ^= event
