"""The stack's clock. It runs at real speed and can be moved forward, never back.

Everything that a local stack does later (schedules, delayed messages, batching windows, the life of
a socket) is a timer here, so moving the clock makes it happen, in order.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.domain.types import Millis

logger = logging.getLogger(__name__)


@dataclass(order=True)
class Timer:
    """An action that falls due. `action` must hand its work on and return at once."""

    due: Millis
    order: int
    action: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        """Drop the action: nothing happens when the timer falls due."""
        self.action = None


class Clock:
    """The time in milliseconds since the epoch, by calling it, and timers on it."""

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self._offset = 0
        self._order = itertools.count()
        self._timers: list[Timer] = []
        self._changed = threading.Condition()
        self._one_at_a_time = threading.RLock()
        self._stopped = False

    def __call__(self) -> Millis:
        return Millis(int(self._real() * 1000) + self._offset)

    @property
    def moved(self) -> int:
        """Return the milliseconds by which the clock has been moved forward."""
        return self._offset

    def at(self, due: int, action: Callable[[], None]) -> Timer:
        """Run `action` when the clock reaches `due`, or at once if that time has passed."""
        with self._changed:
            timer = Timer(Millis(due), next(self._order), action)
            heapq.heappush(self._timers, timer)
            if self._timers[0] is timer:
                self._changed.notify_all()
        return timer

    def after(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Run `action` after `seconds` of this clock."""
        return self.at(self() + round(seconds * 1000), action)

    @property
    def pending(self) -> int:
        """The number of timers that have not fallen due."""
        with self._changed:
            return sum(timer.action is not None for timer in self._timers)

    def start(self) -> None:
        """Let timers fall due in real time, in a thread of its own."""
        threading.Thread(target=self._run, name="sandbox-clock", daemon=True).start()

    def stop(self) -> None:
        """Let no timer fall due any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def advance(self, seconds: float, settle: Callable[[], None]) -> Millis:
        """Move the clock, stopping at every timer on the way; return the new time.

        `settle` is called at each stop and at the end. It returns when all that the timer set off
        has run, so that a timer which this sets, within the interval, falls due as well.
        """
        with self._one_at_a_time:
            target = self() + round(seconds * 1000)
            while timer := self._pop(target):
                self._offset += max(0, timer.due - self())
                _act(timer)
                settle()
            self._offset += max(0, target - self())
            settle()
        with self._changed:
            self._changed.notify_all()  # the thread waits longer than the next timer has left
        return self()

    def _run(self) -> None:
        while not self._stopped:
            with self._one_at_a_time:
                while timer := self._pop(self()):
                    _act(timer)
            with self._changed:
                if not self._stopped and (wait := self._seconds_to_next()) > 0:
                    self._changed.wait(wait)

    def _seconds_to_next(self) -> float:
        if not self._timers:
            return threading.TIMEOUT_MAX
        return (self._timers[0].due - self()) / 1000

    def _pop(self, until: int) -> Timer | None:
        with self._changed:
            while self._timers and self._timers[0].due <= until:
                timer = heapq.heappop(self._timers)
                if timer.action:
                    return timer
        return None


def _act(timer: Timer) -> None:
    try:
        if timer.action:  # it may have been cancelled since
            timer.action()
    except Exception:
        logger.exception("A timer of the sandbox failed")


class Activity:
    """A count of the pieces of work that have begun and not ended."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def begin(self) -> None:
        """Count one more piece of work."""
        with self._changed:
            self._count += 1

    def end(self) -> None:
        """Count one piece less. Work that it leads to must have begun before."""
        with self._changed:
            self._count -= 1
            if not self._count:
                self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is under way; return False if that takes longer than `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, seconds)
