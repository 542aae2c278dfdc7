"""The threads in which handlers run side by side, as Lambda's instances do."""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

Work = Callable[[], None]


class Pool:
    """Starts work in the order in which it was submitted, `size` pieces at a time.

    A plain queue and plain threads: a `concurrent.futures` executor costs three times as much a
    call, and every message of every socket passes here.
    """

    def __init__(self, size: int) -> None:
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._size = size

    def start(self) -> None:
        """Start the threads."""
        for number in range(self._size):
            threading.Thread(target=self._run, name=f"lambda-{number}", daemon=True).start()

    def stop(self) -> None:
        """End each thread after its current work; drop work that has not begun."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
        for _ in range(self._size):
            self._queue.put(None)

    def submit(self, work: Work) -> None:
        """Run `work` as soon as a thread is free."""
        self._queue.put(work)

    def _run(self) -> None:
        while work := self._queue.get():
            try:
                work()
            except Exception:
                logger.exception("Work in the sandbox's pool failed")
