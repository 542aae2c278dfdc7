"""The main module of an instance: sets the account's time, then runs AWS's runtime client.

Nothing of the project can be imported here. `LAMBDA_TASK_ROOT` and `PYTHONPATH` are the zip and
what Lambda's runtime adds to it; `SANDBOX_CLOCK` is a file with the offset of the clock.
"""

import mmap
import os
import struct
import sys
import time
from pathlib import Path
from types import SimpleNamespace


def follow_clock(path: str) -> None:
    """Add the offset of the account's clock to `time.time` and `time.time_ns` from now on."""
    with Path(path).open("rb") as file:
        offset = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    real, real_ns = time.time, time.time_ns

    def now_ns() -> int:
        millis: int = struct.unpack_from("<q", offset)[0]
        return real_ns() + millis * 1_000_000

    def now() -> float:
        return real() + float(struct.unpack_from("<q", offset)[0]) / 1000

    time.time, time.time_ns = now, now_ns
    # The time that remains to a function is real time: moving the clock does not shorten it.
    from awslambdaric import lambda_context  # noqa: PLC0415 - after the time

    lambda_context.time = SimpleNamespace(time=real)


def main() -> None:
    """Run the handler until the process is killed."""
    task = os.environ["LAMBDA_TASK_ROOT"]
    os.chdir(task)
    sys.path.insert(0, task)
    follow_clock(os.environ.pop("SANDBOX_CLOCK"))
    from awslambdaric.__main__ import main as run  # noqa: PLC0415 - what it imports is measured

    run([sys.argv[0], os.environ["_HANDLER"]])


main()
