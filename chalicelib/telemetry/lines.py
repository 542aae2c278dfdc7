"""One JSON object, one line."""

import re
import sys
from collections.abc import Mapping
from typing import Any

import msgspec


def json_line(document: Mapping[str, Any]) -> str:
    """`document` as one line of printable ASCII.

    JSON escapes only the control characters below U+0020. The rest of them, and the Unicode line
    separators, can break a line or drive a terminal, and not every stdout takes what is not ASCII.
    """
    line = msgspec.json.encode(document).decode()
    if line.isascii() and "\x7f" not in line:
        return line
    return re.sub(r"[^ -~]", _escaped, line)


def _escaped(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def write_line(line: str) -> None:
    """Writes to stdout as it is now, in one call, so that lines of different threads don't mix."""
    sys.stdout.write(f"{line}\n")
