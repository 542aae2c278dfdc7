"""Finds the schedules of a cell: depth first, with a bound on preemptions.

A *preemption* interrupts an act that could go on; two of them reveal most races (Musuvathi and
Qadeer, "Iterative context bounding for systematic testing of multithreaded programs", 2007). Of
schedules that differ only in the order of independent calls one is played ("Partial-order methods",
Godefroid 1996): an act is interrupted before a call only if a later one of another act depends on
it, and a schedule that arrives where another has been is abandoned.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random

from tests.invariants.interleaving.calls import Call
from tests.invariants.interleaving.scheduler import Known, Point, Schedule

Play = Callable[[Sequence[int], Known], Schedule]
_Calls = list[tuple[int, Call]]


class Exploration:
    """The schedules of one cell that have at most `bound` preemptions.

    With `random` they come in any order, for a sample; otherwise depth first.
    """

    def __init__(self, play: Play, bound: int, random: Random | None = None) -> None:
        self._play = play
        self._bound = bound
        self._random = random
        self._seen: dict[tuple[int, int | None, tuple[int, ...]], tuple[int, Schedule, int]] = {}
        self._done: set[int] = set()
        self._tried: set[tuple[int, ...]] = set()

    def schedules(self) -> Iterator[Schedule]:
        """Yield one of each kind. A schedule must have been judged when the next is asked for."""
        waiting: list[list[int]] = [[]]
        while waiting:
            chosen = self._random.randrange(len(waiting)) if self._random else -1
            schedule = self._play(waiting.pop(chosen), self._known)
            waiting += self._alternatives(schedule)
            if not schedule.abandoned and schedule.fingerprint not in self._done:
                self._done.add(schedule.fingerprint)
                yield schedule

    def _known(self, schedule: Schedule, point: Point) -> bool:
        key = point.fingerprint, point.running, point.ready
        left = self._bound - point.preemptions
        if key in self._seen and self._seen[key][0] >= left:
            _, other, before = self._seen[key]
            schedule.rest = other.calls[before:] + other.rest
            return True
        self._seen[key] = left, schedule, point.before
        return False

    def _alternatives(self, schedule: Schedule) -> Iterator[list[int]]:
        """Yield the choices of schedules that branch off from one, and were not tried."""
        calls = schedule.calls + schedule.rest
        made = schedule.choices
        points = schedule.points[:-1] if schedule.abandoned else schedule.points
        self._tried.update(tuple(made[: index + 1]) for index in range(len(points)))
        for index, point in enumerate(points):
            for choice in point.ready:
                choices = (*made[:index], choice)
                if choices in self._tried or point.preemptions + point.cost(choice) > self._bound:
                    continue
                if not point.cost(choice) or _matters(point, calls[point.before :]):
                    self._tried.add(choices)
                    yield list(choices)


def _matters(point: Point, later: _Calls) -> bool:
    """Return whether a later call of another act depends on the one that would be put off."""
    return point.call is not None and any(
        number != point.running and point.call.depends_on(call) for number, call in later
    )
