"""The commands of a shell block: continued lines joined, here-documents left out."""

import re
from collections.abc import Iterator

_HERE = re.compile(r"<<(\w+)\n.*?\n\1", re.DOTALL)
_WORDS = re.compile(r"^(?:do |export )?(?:\w+=\$\()?(?:<[^>]*> ?)?(?P<command>\S+)")
_KEYWORDS = {"for", "done"}


def commands(text: str) -> Iterator[str]:
    """Yield each command of a block, without keywords."""
    joined = _HERE.sub("", text).replace("\\\n", " ")
    for line in _quoted_lines_joined(joined).splitlines():
        for part in line.split("&&"):
            stripped = part.strip()
            if stripped and stripped.split()[0] not in _KEYWORDS:
                yield stripped


def program(command: str) -> str:
    """Return the program that a command runs."""
    found = _WORDS.match(command)
    assert found, command
    return found["command"].rpartition("/")[2]


def _quoted_lines_joined(text: str) -> str:
    """Join a line in which a quote is open with the next one, and drop comments."""
    joined = ""
    for each in text.splitlines():
        line = each.partition(" # ")[0]
        joined += line + (" " if (joined.rpartition("\n")[2] + line).count("'") % 2 else "\n")
    return joined
