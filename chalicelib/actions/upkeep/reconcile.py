"""reconcile_counts: every 15 minutes, the counts against the connections themselves.

Every change of a count is one transaction with the connection it counts, so there should never be
a difference. The index lags behind, though: only one that is seen twice, some seconds apart, is
repaired, under the condition that nothing has moved in between.
"""

from collections import Counter
from collections.abc import Mapping

from chalicelib.actions.services import Services
from chalicelib.actions.upkeep import status
from chalicelib.domain.session import Session
from chalicelib.errors import UpstreamError
from chalicelib.protocol.jobs import Counts, RepairCounts

_SECOND_LOOK_SECONDS = 10


def reconcile(services: Services) -> int:
    """Looks at every active session; answers how many differ and will be looked at again."""
    suspects = 0
    for session in status.active_sessions(services):
        try:
            suspects += _is_suspect(services, session)
        except UpstreamError as error:  # the others are looked at all the same
            services.telemetry.error("reconcilePartFailed", exception=error)
    return suspects


def repair(services: Services, job: RepairCounts) -> None:
    """The second look: the same difference again, and nothing moved, is a drift and is mended."""
    session = services.sessions.get(job.session_id)
    if session is None or not session.is_active or _counted(session) != job.counted:
        return
    found = _found(services, session)
    if found == job.found and services.sessions.repair_counts(session, found):
        drift = _drift(session, found)
        services.telemetry.metric("CountDrift", drift)
        services.telemetry.error("countsRepaired", sessionId=session.session_id, drift=drift)


def _is_suspect(services: Services, session: Session) -> bool:
    """Leaves a session that seems to differ to a second look, and tidies up one that does not."""
    found = _found(services, session)
    if not _drift(session, found):
        if found != session.language_counts:
            # Languages that nobody listens to leave the map, so that it cannot grow without end.
            services.sessions.repair_counts(session, found)
        return False
    job = RepairCounts(session_id=session.session_id, found=found, counted=_counted(session))
    services.jobs.send(job, _SECOND_LOOK_SECONDS)
    return True


def _found(services: Services, session: Session) -> dict[str, int]:
    """The listeners' connections by language."""
    listeners = services.connections.listeners(session.session_id)
    return dict(Counter(listener.language for listener in listeners))


def _counted(session: Session) -> Counts:
    """What changes whenever somebody comes, goes or changes the language."""
    return Counts(
        listener_count=session.listener_count,
        language_counts=dict(session.language_counts),
        joins=session.joins,
    )


def _drift(session: Session, found: Mapping[str, int]) -> int:
    """By how many the counts are wrong."""
    languages = found.keys() | session.language_counts.keys()
    by_language = sum(
        abs(found.get(each, 0) - session.language_counts.get(each, 0)) for each in languages
    )
    return max(by_language, abs(sum(found.values()) - session.listener_count))
