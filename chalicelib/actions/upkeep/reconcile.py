"""reconcile_counts: every 15 minutes, compare the counts with the connections themselves.

Every change of a count is one transaction with the connection it counts, so there should never be
a difference. The index lags behind, though: a difference is repaired only if it is seen twice, some
seconds apart, and nothing has changed in between.
"""

from collections import Counter
from collections.abc import Mapping

from chalicelib.actions.services import Services
from chalicelib.actions.session.lookup import active_sessions
from chalicelib.domain.session import Session
from chalicelib.errors import UpstreamError
from chalicelib.protocol.jobs import Counts, RepairCounts

_RECHECK_SECONDS = 10
"""The delay of the second look."""


def reconcile(services: Services) -> int:
    """Check every active session. Return the number that differ, and are checked again by a job."""
    suspects = 0
    for session in active_sessions(services):
        try:
            suspects += _is_suspect(services, session)
        except UpstreamError as error:  # the others are checked all the same
            services.telemetry.error("reconcilePartFailed", exception=error)
    return suspects


def repair(services: Services, job: RepairCounts) -> None:
    """Repair the counts of a session that shows the same difference again, and has not changed."""
    session = services.sessions.get(job.session_id)
    if session is None or not session.is_active or _counted(session) != job.counted:
        return
    found = _found(services, session)
    if found == job.found and services.counts.repair(session, found):
        drift = _drift(session, found)
        services.telemetry.metric("CountDrift", drift)
        services.telemetry.error("countsRepaired", sessionId=session.session_id, drift=drift)


def _is_suspect(services: Services, session: Session) -> bool:
    """Check one session: leave a difference to a second look, and tidy up one without."""
    found = _found(services, session)
    if not _drift(session, found):
        if found != session.language_counts:
            # Languages without listeners leave the map, so that it cannot grow without end.
            services.counts.repair(session, found)
        return False
    job = RepairCounts(session_id=session.session_id, found=found, counted=_counted(session))
    services.jobs.send(job, _RECHECK_SECONDS)
    return True


def _found(services: Services, session: Session) -> dict[str, int]:
    """Count the listeners' connections by language."""
    listeners = services.connections.listeners(session.session_id)
    return dict(Counter(listener.language for listener in listeners))


def _counted(session: Session) -> Counts:
    """Return the counts, which change with every join, leave and change of language."""
    return Counts(
        listener_count=session.listener_count,
        language_counts=dict(session.language_counts),
        joins=session.joins,
    )


def _drift(session: Session, found: Mapping[str, int]) -> int:
    """Return the number of listeners by which the counts are wrong."""
    languages = found.keys() | session.language_counts.keys()
    by_language = sum(
        abs(found.get(each, 0) - session.language_counts.get(each, 0)) for each in languages
    )
    return max(by_language, abs(sum(found.values()) - session.listener_count))
