"""moto's SQS by the stack's clock."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import moto.sqs.models as sqs_models

_time = threading.local()


@contextlib.contextmanager
def sqs_time(millis: Callable[[], int]) -> Iterator[None]:
    """Have moto's SQS take the time from `millis` inside the block."""
    _time.millis = millis
    try:
        yield
    finally:
        del _time.millis


def _millis() -> float:
    millis: Callable[[], float] = getattr(_time, "millis", lambda: time.time() * 1000)
    return millis()


sqs_models.unix_time_millis = _millis
sqs_models.unix_time = lambda: _millis() / 1000
