"""The output of the demo: a live picture in a terminal, lines anywhere else."""

import statistics
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

COLOURS = {"es": "blue", "fr": "red", "de": "green", "pt": "yellow"}
EVENTS = 8


@dataclass
class _Row:
    language: str
    state: str = "listening"
    text: str = ""
    after: str = ""
    received: int = 0


class Screen:
    """Prints each event as a line, and measures the delays of deliveries."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()
        self._delays: list[float] = []

    def begin(self) -> None:
        """Take note that the stack runs."""

    def session(self, session_id: str) -> None:
        self.event("The speaker", f"opens the session {session_id}")

    def joined(self, name: str, language: str) -> None:
        self.event(name, f"joins, listening in {language}")

    def said(self, text: str) -> None:
        self.event("The speaker", f"says “{text}”")

    def stamped(self, text: str) -> dict[str, Any]:
        """Return the data of a broadcast, with the time at which it is sent."""
        return {"text": text, "sentAt": time.monotonic()}

    def heard(self, name: str, data: Mapping[str, Any]) -> None:
        delay = (time.monotonic() - data["sentAt"]) * 1000
        self._delays.append(delay)
        self._heard(name, data["text"], f"{delay:.0f} ms")

    def state(self, name: str, state: str) -> None:
        self.event(name, f"is told: {state}")

    def status(self, status: Mapping[str, Any]) -> None:
        languages = ", ".join(f"{k} {n}" for k, n in sorted(status["languageDistribution"].items()))
        self.event(
            "The stack", f"counts {status['listenerCount']} listeners: {languages or 'nobody'}"
        )

    def event(self, who: str, what: str) -> None:
        self._console.print(self._line(who, what), soft_wrap=True)

    def end(self) -> None:
        """Print the summary."""
        median = statistics.median(self._delays) if self._delays else 0.0
        self._console.print(
            f"\n{len(self._delays)} deliveries, each sentence to each language once; "
            f"from the speaker to a listener in {median:.0f} ms (median).",
            soft_wrap=True,
        )

    def _heard(self, name: str, text: str, delay: str) -> None:
        self.event(name, f"hears “{text}” after {delay}")

    def _line(self, who: str, what: str) -> Text:
        seconds = f"{time.monotonic() - self._start:5.1f} s  "
        return Text.assemble((seconds, "dim"), (f"{who:<12}", "bold"), what)


class LiveScreen(Screen):
    """A picture that changes in place."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._rows: dict[str, _Row] = {}
        self._events: deque[Text] = deque(maxlen=EVENTS)
        self._title, self._said = "", ""
        self._live = Live(console=console, refresh_per_second=20, get_renderable=self._picture)

    def begin(self) -> None:
        self._live.start()

    def session(self, session_id: str) -> None:
        self._title = session_id
        super().session(session_id)

    def joined(self, name: str, language: str) -> None:
        self._rows[name] = _Row(language)
        super().joined(name, language)

    def said(self, text: str) -> None:
        self._said = text
        super().said(text)

    def state(self, name: str, state: str) -> None:
        self._rows[name].state = state

    def event(self, who: str, what: str) -> None:
        self._events.append(self._line(who, what))

    def end(self) -> None:
        self._live.stop()
        super().end()

    def _heard(self, name: str, text: str, delay: str) -> None:
        row = self._rows[name]
        row.text, row.after = text, delay
        row.received += 1

    def _picture(self) -> RenderableType:
        said = Text(f"“{self._said}”" if self._said else "…", style="bold", justify="center")
        return Group(
            Panel(said, title=f"Lectern · {self._title}", padding=(1, 2)),
            Panel(self._listeners(), title="Listeners", padding=(0, 1)),
            Panel(Group(*self._events), title="What happens", height=EVENTS + 2, padding=(0, 1)),
        )

    def _listeners(self) -> Table:
        table = Table(expand=True, box=None, pad_edge=False)
        for title, ratio in (("Who", 2), ("In", 1), ("Heard", 9), ("After", 2), ("State", 4)):
            table.add_column(title, ratio=ratio, no_wrap=True, header_style="dim")
        for name, row in self._rows.items():
            style = COLOURS.get(row.language, "")
            table.add_row(name, Text(row.language, style), row.text, row.after, row.state)
        return table


def screen() -> Screen:
    """Return a live screen if there is a terminal, else one that prints lines."""
    console = Console(highlight=False)
    return LiveScreen(console) if console.is_terminal else Screen(console)
