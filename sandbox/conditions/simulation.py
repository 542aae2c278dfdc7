"""Virtual time: many blocking invocations of real code, of which exactly one runs at a time.

Each task is a thread. Where it would wait (a sleep, a call, a post), it gives way, and time jumps
to whatever happens next. So a crowd of five seconds takes as long as its CPU, a busy machine
distorts nothing, and the same seed gives the same run.

    simulation = Simulation(seed=1)
    simulation.spawn(lambda: join(client), after=0.5)
    simulation.run()

Within `core_share` a task's CPU passes as well, divided by its share of a core; then runs differ by
as much as the CPU does.
"""

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, TypeVar

from chalicelib.domain.types import Millis

T = TypeVar("T")
START = Millis(1_700_000_000_000)


class Task:
    """One thread of a simulation. Made by `Simulation.spawn`."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.is_done = False
        self.result: Any = None
        """What the function has returned."""
        self.error: BaseException | None = None
        """What it has raised."""
        self.on_done: list[Callable[[], None]] = []
        self.share: float | None = None
        self.go = threading.Lock()
        self.go.acquire()
        self._function = function
        self._used = 0.0

    def work(self) -> None:
        """Run the function and keep its outcome."""
        try:
            self.result = self._function()
        except BaseException as error:
            self.error = error
        self.is_done = True

    def cpu(self) -> float:
        """Return the seconds by which CPU since the last call delays this task."""
        if self.share is None:
            return 0.0
        before, self._used = self._used, time.thread_time()
        return (self._used - before) / self.share

    def skip_cpu(self) -> None:
        """Let the CPU since the last call delay nothing."""
        if self.share is not None:
            self._used = time.thread_time()


class Simulation:
    """A time in seconds from 0, and what is to happen on it.

    `random` is the source of chance for everything that takes part.
    """

    def __init__(self, seed: int = 0) -> None:
        self.random = Random(seed)  # nosec B311 # to be repeatable
        self._now = 0.0
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._back = threading.Lock()
        self._back.acquire()
        self._current: Task | None = None
        self._failed: list[BaseException] = []

    def now(self) -> float:
        """Return the seconds since the start."""
        return self._now

    def clock(self) -> Millis:
        """Return the time as the stack's clock has it."""
        return Millis(START + int(self._now * 1000))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Call `action`, which must not wait, after so many seconds."""
        heapq.heappush(self._events, (self._now + max(0.0, seconds), next(self._order), action))

    def spawn(self, function: Callable[[], Any], *, after: float = 0.0) -> Task:
        """Run `function` as a task, after so many seconds."""
        task = Task(function)
        self.after(after, lambda: self._start(task))
        return task

    def run(self, until: float = math.inf) -> None:
        """Let everything happen that is due by `until`, or until nothing is left.

        An exception of a task ends the run, and is raised here.
        """
        while self._events and self._events[0][0] <= until:
            self._step()
        if until < math.inf:
            self._now = max(self._now, until)

    def call(self, function: Callable[[], T]) -> T:
        """Run `function` as a task, and all else until it is done. Return what it returns."""
        task = self.spawn(function)
        while not task.is_done:
            self._step()
        result: T = task.result
        return result

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass for the task that calls this, and its CPU so far."""
        task = self._running()
        self.after(seconds + task.cpu(), lambda: self._resume(task))
        self._give_way(task)

    def spend(self, cpu: float) -> None:
        """Let the task that calls this use seconds of CPU, if it has a share of a core."""
        if (share := self._running().share) is not None:
            self.sleep(cpu / share)

    def wait(self, tasks: Sequence[Task]) -> None:
        """Wait in a task for others."""
        task = self._running()
        if task.share is not None:
            self.sleep(0)
        for other in tasks:
            if not other.is_done:
                other.on_done.append(lambda: self._resume(task))
                self._give_way(task)

    @contextmanager
    def core_share(self, share: float) -> Iterator[None]:
        """Let the CPU of this block take time, as on `share` of a core."""
        task = self._running()
        task.share = share
        task.skip_cpu()
        try:
            yield
        finally:
            self.sleep(0)
            task.share = None

    def skip_cpu(self) -> None:
        """Let the CPU since the last wait delay nothing: it was the simulation's own."""
        self._running().skip_cpu()

    def _step(self) -> None:
        self._now, _, action = heapq.heappop(self._events)
        action()
        if self._failed:
            raise self._failed.pop()

    def _running(self) -> Task:
        if self._current is None:
            raise RuntimeError("only a task of the simulation can wait")
        return self._current

    def _start(self, task: Task) -> None:
        def thread() -> None:
            task.go.acquire()
            task.work()
            if task.error is not None:
                self._failed.append(task.error)
            for action in task.on_done:
                self.after(0, action)
            self._back.release()

        threading.Thread(target=thread, daemon=True).start()
        self._resume(task)

    def _resume(self, task: Task) -> None:
        """Let a task run until it waits or ends. On the thread of `run`."""
        self._current = task
        task.go.release()
        self._back.acquire()
        self._current = None

    def _give_way(self, task: Task) -> None:
        """Stop here until the task is resumed. On the task's thread."""
        self._back.release()
        task.go.acquire()
        task.skip_cpu()
