"""An exception as fields of a log line: where it came from, and nothing that a client sent."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

from chalicelib.telemetry.redaction import without_quotes

_MOST_FRAMES = 20
_MOST_CAUSES = 3


def described(
    error: BaseException, clean: Callable[[str], str], causes: int = _MOST_CAUSES
) -> dict[str, Any]:
    """Type, text without quoted input, frames (innermost last) and the causes of `error`.

    `clean` takes out of the text what must not be logged. The frames are read off the traceback:
    `traceback` costs 6 ms of a cold start, and would add lines of source that say nothing new.
    """
    description: dict[str, Any] = {
        "type": type(error).__name__,
        "text": clean(without_quotes(str(error))),
        "frames": _frames(error.__traceback__),
    }
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause and causes:
        description["cause"] = described(cause, clean, causes - 1)
    return description


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = []
    while traceback:
        code = traceback.tb_frame.f_code
        file = "/".join(code.co_filename.split("/")[-3:])
        frames.append(f"{file}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames[-_MOST_FRAMES:]
