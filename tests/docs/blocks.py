"""The code blocks of the README and of every page, fenced and indented."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\s*$")


@dataclass(frozen=True)
class Block:
    """A code block. `language` is empty for an indented block: those are shell, or JSON."""

    page: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Return every page that is meant to be read, without licences."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/README.md")]
    found += [*ROOT.glob("clients/*.md"), *ROOT.glob("clients/*/README.md")]
    return sorted([*found, ROOT / "examples" / "README.md", ROOT / "terraform" / "README.md"])


def blocks() -> list[Block]:
    return [
        block
        for page in pages()
        for block in blocks_of(page.read_text(), str(page.relative_to(ROOT)))
    ]


def blocks_of(text: str, page: str = "") -> Iterator[Block]:
    """Yield the blocks of one page, from top to bottom."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        start = number
        fence = _FENCE.match(lines[number])
        if fence:
            number += 1
            while lines[number] != "```":
                number += 1
            yield Block(page, start + 1, fence[1], "\n".join(lines[start + 1 : number]))
        elif lines[number].startswith("    ") and (number == 0 or not lines[number - 1]):
            while number < len(lines) and (not lines[number] or lines[number].startswith("    ")):
                number += 1
            inside = [line[4:] for line in lines[start:number]]
            yield Block(page, start + 1, "", textwrap.dedent("\n".join(inside)).rstrip())
        number += 1
