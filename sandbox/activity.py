"""Counts what is under way, so that the clock can wait until the stack has settled."""

import threading


class Activity:
    """Pieces of work that began and have not ended."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def begin(self) -> None:
        """One more piece of work."""
        with self._changed:
            self._count += 1

    def end(self) -> None:
        """One piece less. What it leads to must have begun before."""
        with self._changed:
            self._count -= 1
            if not self._count:
                self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Waits until nothing is under way; False if that took longer than `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, seconds)
