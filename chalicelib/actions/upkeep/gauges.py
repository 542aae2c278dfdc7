"""The metrics of all active sessions: their number, and their listeners by language."""

from collections import Counter

from msgspec import Struct, field

from chalicelib.actions.services import Services
from chalicelib.domain.counts import Totals

_LANGUAGES_SHOWN = 20
_OTHER_LANGUAGES = "other"
"""No language has that name (PROTOCOL 3)."""


class Gauges(Struct):
    """Adds up sessions, one after the other."""

    sessions: int = 0
    languages: Counter[str] = field(default_factory=Counter)

    def add(self, totals: Totals) -> None:
        """Add one session."""
        self.sessions += 1
        self.languages.update(totals.language_counts)

    def emit(self, services: Services) -> None:
        """Emit the metrics, once all sessions are added."""
        metric = services.telemetry.metric
        metric("ActiveSessions", self.sessions)
        metric("TotalListeners", self.languages.total())
        for language, count in self._most_heard().items():
            metric("ListenersByLanguage", count, dimensions={"Language": language})

    def _most_heard(self) -> Counter[str]:
        """Return the languages that get a metric each, and the rest as one: each costs money."""
        shown = Counter(dict(self.languages.most_common(_LANGUAGES_SHOWN)))
        rest = self.languages.total() - shown.total()
        return shown + Counter({_OTHER_LANGUAGES: rest})
