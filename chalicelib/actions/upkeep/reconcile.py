"""reconcile_counts: every 15 minutes, compare the counts with the connections themselves.

Every change of a count is one transaction with the connection it counts, so there should never be
a difference. The index lags behind, though: a difference is repaired only if it is seen twice, some
seconds apart, and nothing has changed in between.
"""

from collections import Counter
from collections.abc import Mapping

from chalicelib.actions.services import Services
from chalicelib.actions.session.lookup import active_sessions
from chalicelib.domain.counts import Shard, Totals
from chalicelib.domain.types import SessionId
from chalicelib.errors import UpstreamError
from chalicelib.protocol.jobs import Counts, RepairCounts

_RECHECK_SECONDS = 10
"""The delay of the second look."""


def reconcile(services: Services) -> int:
    """Check every active session. Return the number that differ, and are checked again by a job."""
    suspects = 0
    for session in active_sessions(services):
        try:
            suspects += _is_suspect(services, session.session_id)
        except UpstreamError as error:  # the others are checked all the same
            services.telemetry.error("reconcilePartFailed", exception=error)
    return suspects


def repair(services: Services, job: RepairCounts) -> None:
    """Repair a shard that shows the same difference again, and has not changed."""
    session = services.sessions.get(job.session_id)
    if session is None or not session.is_active:
        return
    if job.shard is None:
        _is_suspect(services, job.session_id)
        return
    shard = services.counts.get(job.session_id, job.shard)
    if shard is None or _counted(shard) != job.counted:
        return
    found = _found_by_shard(services, job.session_id).get(shard.number, {})
    if found == job.found and services.counts.repair(shard, found):
        drift = _drift(shard, found)
        services.telemetry.metric("CountDrift", drift)
        services.telemetry.error("countsRepaired", sessionId=job.session_id, drift=drift)


def _is_suspect(services: Services, session_id: SessionId) -> bool:
    """Check one session: leave differing shards to a second look, and tidy up if none differs.

    Only a difference of the whole session makes it read the connections, which show the shard.
    """
    totals = services.counts.totals(session_id)
    listeners = services.connections.listeners(session_id)
    found = Counter(listener.language for listener in listeners)
    if found == totals.language_counts and found.total() == totals.listener_count:
        for shard in totals.shards:
            services.counts.remove_unused_languages(shard)
        return False
    return _recheck(services, session_id, totals)


def _recheck(services: Services, session_id: SessionId, totals: Totals) -> bool:
    """Send a job for each shard that differs. Return False if none does by now."""
    found = _found_by_shard(services, session_id)
    suspects = [shard for shard in totals.shards if _drift(shard, found.get(shard.number, {}))]
    services.jobs.send_many(
        (
            RepairCounts(
                session_id=session_id,
                shard=shard.number,
                found=found.get(shard.number, {}),
                counted=_counted(shard),
            )
            for shard in suspects
        ),
        _RECHECK_SECONDS,
    )
    return bool(suspects)


def _found_by_shard(services: Services, session_id: SessionId) -> dict[int, dict[str, int]]:
    """Count the listeners' connections by shard and language."""
    ids = [listener.connection_id for listener in services.connections.listeners(session_id)]
    found: dict[int, Counter[str]] = {}
    for each in services.connections.get_many(ids):
        is_counted = each.session_id == session_id and each.shard is not None
        if is_counted and each.target_language is not None:
            found.setdefault(each.shard or 0, Counter())[each.target_language] += 1
    return {number: dict(languages) for number, languages in found.items()}


def _counted(shard: Shard) -> Counts:
    """Return the counts, which change with every join, leave and change of language."""
    return Counts(
        listener_count=shard.listener_count,
        language_counts=dict(shard.language_counts),
        joins=shard.joins,
    )


def _drift(shard: Shard, found: Mapping[str, int]) -> int:
    """Return the number of listeners by which the counts are wrong."""
    languages = found.keys() | shard.language_counts.keys()
    by_language = sum(
        abs(found.get(each, 0) - shard.language_counts.get(each, 0)) for each in languages
    )
    return max(by_language, abs(sum(found.values()) - shard.listener_count))
