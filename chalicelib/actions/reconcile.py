"""reconcile_counts: every 15 minutes, the counts against the connections themselves.

Every change of a count is one transaction with the connection it counts, so there should never be
a difference. The index lags behind, though: only one that is seen twice, some seconds apart, is
repaired, under the condition that nothing has moved in between.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from chalicelib.actions import status
from chalicelib.actions.services import Services
from chalicelib.domain.session import Session
from chalicelib.domain.types import SessionId

_SECOND_LOOK_SECONDS = 10


def reconcile(services: Services) -> int:
    """Looks at every active session; answers how many differ and will be looked at again."""
    suspects = 0
    for session in status.active_sessions(services):
        differences = _differences(services, session)
        if differences:
            suspects += 1
            job = {
                "kind": "repairCounts",
                "sessionId": session.session_id,
                "differences": differences,
            }
            services.jobs.send(job, _SECOND_LOOK_SECONDS)
        elif any(count == 0 for count in session.language_counts.values()):
            _forget_empty(services, session)
    return suspects


def repair(services: Services, job: Mapping[str, Any]) -> None:
    """The second look: the same difference again is a drift, and is mended."""
    session = services.sessions.get(SessionId(job["sessionId"]))
    if session is None or not session.is_active:
        return
    differences = _differences(services, session)
    if differences != job["differences"] or not differences:
        return
    if services.sessions.repair_counts(session, differences):
        drift = sum(abs(difference) for difference in differences.values())
        services.telemetry.metric("CountDrift", drift)
        services.telemetry.error(
            "countsRepaired", sessionId=session.session_id, differences=differences
        )


def _differences(services: Services, session: Session) -> dict[str, int]:
    """By language, how many more connections there are than were counted."""
    found = Counter(
        listener.language for listener in services.connections.listeners(session.session_id)
    )
    found.subtract(session.language_counts)
    return {language: count for language, count in sorted(found.items()) if count}


def _forget_empty(services: Services, session: Session) -> None:
    """Languages that nobody listens to leave the map, so that it cannot grow without end."""
    empty = [language for language, count in session.language_counts.items() if count == 0]
    services.sessions.repair_counts(session, {}, forgotten=empty)
