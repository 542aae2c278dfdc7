"""Output of one JSON object per line."""

import re
import sys
from collections.abc import Mapping
from typing import Any

import msgspec


def json_line(document: Mapping[str, Any]) -> str:
    """Return a document as one line of printable ASCII.

    JSON escapes only the control characters below U+0020. The others, and the Unicode line
    separators, can break a line or control a terminal, and not every stdout accepts non-ASCII text.
    """
    line = msgspec.json.encode(document).decode()
    if line.isascii() and "\x7f" not in line:
        return line
    return re.sub(r"[^ -~]", _escaped, line)


def _escaped(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def write_line(line: str) -> None:
    """Write to the current stdout in one call, so that lines of several threads do not mix."""
    sys.stdout.write(f"{line}\n")
