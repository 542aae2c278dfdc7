"""Runs the tool, and makes of what goes wrong a sentence and an exit code."""

import os
import sys

from operate.commands import app
from operate.failures import Failure
from operate.screen import complain


def main() -> int:
    """Answers the exit code: see `operate.failures`."""
    try:
        app(prog_name="operate")
    except Failure as failure:
        complain(failure)
        return failure.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who reads us, `head` for instance, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
