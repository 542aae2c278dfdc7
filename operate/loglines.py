"""Filter and format the lines of the structured log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

Json = Mapping[str, Any]
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_STYLES = {"WARNING": "yellow", "ERROR": "bold red"}
_IN_FRONT = ("level", "timestamp", "event", "function", "correlationId")


@dataclass(frozen=True)
class LineFilter:
    """A filter by level, and by session: lines that name it or one of its connections."""

    level: str = "DEBUG"
    session: str | None = None
    connections: frozenset[str] = frozenset()

    def matches(self, line: Json) -> bool:
        """Return whether a line passes the filter. Lines with metrics have no level, and never
        pass."""
        level = line.get("level")
        if level not in LEVELS or LEVELS.index(level) < LEVELS.index(self.level):
            return False
        return self.session is None or (
            line.get("sessionId") == self.session or line.get("connection") in self.connections
        )


def parsed(text: str) -> Json | None:
    """Parse a line of the app; return None for others, such as Lambda's own and its runtime's.

    Lambda's lines are text or JSON, depending on the function's log format; their timestamps are
    text, the app's are milliseconds.
    """
    try:
        line = json.loads(text)
    except ValueError:
        return None
    ours = isinstance(line, dict) and isinstance(line.get("timestamp"), int) and "event" in line
    return line if ours else None


def format_line(line: Json) -> Text:
    """Format a line for the terminal: time, origin, event, and the other fields by name."""
    when = datetime.fromtimestamp(line["timestamp"] / 1000, UTC)
    rest = {name: value for name, value in line.items() if name not in _IN_FRONT}
    return Text.assemble(
        (f"{when:%H:%M:%S.%f}"[:-3], "dim"),
        " ",
        (f"{line['level']:<7}", _STYLES.get(line["level"], "")),
        " ",
        (f"{line.get('function') or '-':<18}", "cyan"),
        " ",
        (str(line["event"]), "bold"),
        "".join(f"  {name}={_plain(value)}" for name, value in rest.items()),
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
