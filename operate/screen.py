"""Output for the terminal: tables, and failures.

Results go to stdout, everything else to stderr.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from operate.failures import Failure
from operate.rates import Snapshot

Json = Mapping[str, Any]
out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)
_SHOWN_LANGUAGES = 4


def print_failure(failure: Failure) -> None:
    """Print a failure: a line on what happened, a line on what to do."""
    err.print(Text(f"operate: {failure.problem}", style="bold red"), soft_wrap=True)
    if failure.advice:
        err.print(Text(f"  {failure.advice}"), soft_wrap=True)


def print_text(sentence: str) -> None:
    """Print a result in words, without highlighting."""
    out.print(Text(sentence), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as JSON on one line, for scripts."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def session_table(sessions: Iterable[Json]) -> Table:
    """Return a table with one row for each session."""
    table = _table("session", "tenant", "speaker", "state", ">listeners", "languages", ">minutes")
    for each in sessions:
        table.add_row(
            each["sessionId"],
            each["tenantId"],
            each["speakerUserId"],
            _state(each),
            str(each["listenerCount"]),
            _languages(each["languages"]),
            str(each["duration"] // 60),
        )
    return table


def session_details(session: Json) -> Table:
    """Return everything about one session, one line for each fact."""
    table = Table.grid(padding=(0, 2))
    state = session["broadcastState"]
    switches = [name for name in ("isPaused", "isMuted") if state[name]]
    lines: dict[str, str | Text] = {
        "session": session["sessionId"],
        "tenant": session["tenantId"],
        "speaker": f"{session['speakerUserId']}, speaks {session['sourceLanguage']}",
        "state": _state(session),
        "started": f"{time_of(session['createdAt'])}, {session['duration']} s ago",
        "listeners": f"{session['listenerCount']} now, {session['joins']} joined in all",
        "languages": _languages(session["languages"], most=99),
        "broadcasts": ", ".join(f"{k} {v}" for k, v in sorted(session["streams"].items()))
        or "none",
        "switches": ", ".join([*switches, f"volume {state['volume']}"]),
    }
    if not session["isActive"]:
        lines["started"] = time_of(session["createdAt"])
        lines["ended"] = f"{time_of(session['endedAt'])}: {session['endReason']}"
    for name, text in lines.items():
        table.add_row(Text(name, style="dim"), text if isinstance(text, Text) else Text(text))
    return table


def connection_table(connections: Iterable[Json]) -> Table:
    """Return a table with one row for each connection."""
    table = _table("connection", "role", "user", "language", ">age, s", ">silent, s")
    for each in connections:
        table.add_row(
            each["connection"],
            each["role"],
            each.get("userId", "-"),
            each.get("targetLanguage", "-"),
            str(each["age"]),
            str(each["idle"]),
        )
    return table


def health_table(health: Json) -> Table:
    """Return a table with one row for each dependency of the stack."""
    table = _table("what", "", ">ms", "problem")
    for each in health["checks"]:
        mark = Text("ok", style="green") if each["ok"] else Text("down", style="bold red")
        table.add_row(each["name"], mark, str(each["latency"]), each.get("problem", ""))
    return table


def watch_screen(snapshot: Snapshot, took: float, height: int) -> RenderableType:
    """Return all sessions with their rates, as many as fit, and the totals."""
    totals = snapshot.plain()
    head = Text.assemble(
        (f"{totals['sessions']} sessions", "bold"),
        f"  {totals['listeners']} listeners",
        f"  {_rate(totals['joinsPerMinute'])} joins/min",
        f"  {_rate(totals['broadcastsPerMinute'])} broadcasts/min",
        (f"  {datetime.now(UTC):%H:%M:%S} UTC, read in {took:.1f} s", "dim"),
    )
    table = _table(
        "session", "tenant", "state", ">listeners", "languages", ">joins/min", ">broadcasts/min"
    )
    room = max(3, height - 8)
    for row in snapshot.rows[:room]:
        each = row.session
        table.add_row(
            each["sessionId"],
            each["tenantId"],
            _state(each),
            str(each["listenerCount"]),
            _languages(each["languages"]),
            _rate(row.joins),
            _rate(row.broadcasts),
        )
    more = len(snapshot.rows) - room
    foot = Text(f"and {more} more" if more > 0 else "", style="dim")
    return Group(head, Text(_languages(snapshot.languages, most=12), style="cyan"), table, foot)


def _table(*columns: str) -> Table:
    """Return an empty table. A `>` before a column's name aligns it to the right."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(
            column.lstrip(">"), justify="right" if column.startswith(">") else "left", no_wrap=True
        )
    return table


def _state(session: Json) -> Text:
    if not session["isActive"]:
        return Text("ended", style="dim")
    if not session["speakerConnected"]:
        return Text("waits for speaker", style="yellow")
    if session["broadcastState"]["isPaused"]:
        return Text("paused", style="yellow")
    return Text("live", style="green")


def _languages(languages: Mapping[str, int], most: int = _SHOWN_LANGUAGES) -> str:
    shown = [f"{name} {count}" for name, count in list(languages.items())[:most]]
    left = len(languages) - most
    return ", ".join([*shown, *([f"+{left}"] if left > 0 else [])])


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.0f}"


def time_of(millis: int) -> str:
    """Return a point in time in UTC."""
    return f"{datetime.fromtimestamp(millis / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
