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

    While `may_grow` returns a larger number, work that would have to wait gets a further thread, up
    to that number: with the latencies of AWS handlers wait most of the time.

    A plain queue and plain threads: a `concurrent.futures` executor costs three times as much a
    call, and every message of every socket passes here.
    """

    def __init__(self, size: int, *, may_grow: Callable[[], int] = lambda: 0) -> None:
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._size = size
        self._may_grow = may_grow
        self._lock = threading.Lock()
        self._threads = 0

    def start(self) -> None:
        """Start the threads."""
        for _ in range(self._size):
            self._start_thread()

    def stop(self) -> None:
        """End each thread after its current work; drop work that has not begun."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
        for _ in range(self._threads):
            self._queue.put(None)

    def submit(self, work: Work) -> None:
        """Run `work` as soon as a thread is free."""
        if not self._queue.empty() and self._threads < self._may_grow():
            self._start_thread()
        self._queue.put(work)

    def _start_thread(self) -> None:
        with self._lock:
            number, self._threads = self._threads, self._threads + 1
        threading.Thread(target=self._run, name=f"lambda-{number}", daemon=True).start()

    def _run(self) -> None:
        while work := self._queue.get():
            try:
                work()
            except Exception:
                logger.exception("Work in the sandbox's pool failed")
