"""Run the tool, and turn failures into a message and an exit code."""

import os
import sys

from operate.commands import app
from operate.failures import Failure
from operate.screen import print_failure


def main() -> int:
    """Run the command and return its exit code (see `operate.failures`)."""
    try:
        app(prog_name="operate")
    except Failure as failure:
        print_failure(failure)
        return failure.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, `head` for instance, has stopped reading
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
