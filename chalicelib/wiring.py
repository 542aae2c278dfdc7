"""Build the services once per process. No other file knows all of them.

Lambda, the sandbox and the tests all build theirs here; the last two pass their own clock.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping

from chalicelib import aws
from chalicelib.actions.connection import disconnect
from chalicelib.actions.services import Services
from chalicelib.domain.types import Millis
from chalicelib.identity.cursors import Cursors
from chalicelib.identity.hashing import Hasher
from chalicelib.identity.join_keys import JoinKeys
from chalicelib.identity.resume import ResumeTokens
from chalicelib.identity.tokens import TokenVerifier
from chalicelib.settings import Settings
from chalicelib.stores.calls import Together
from chalicelib.stores.connection_membership import ConnectionMembership
from chalicelib.stores.connections import ConnectionStore
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.history import HistoryStore
from chalicelib.stores.leases import LeaseStore
from chalicelib.stores.listener_counts import ListenerCounts
from chalicelib.stores.membership import Membership
from chalicelib.stores.rate_limits import RateLimitStore
from chalicelib.stores.removals import RemovalStore
from chalicelib.stores.requests import RequestStore
from chalicelib.stores.seats import SeatStore
from chalicelib.stores.sessions import SessionStore
from chalicelib.stores.subscriptions import SubscriptionStore
from chalicelib.telemetry import Telemetry
from chalicelib.telemetry.lines import write_line

_lock = threading.Lock()
_installed: list[Services] = []


def wall_clock() -> Millis:
    return Millis(time.time_ns() // 1_000_000)


def build(
    environ: Mapping[str, str],
    *,
    clock: Callable[[], Millis] = wall_clock,
    write: Callable[[str], None] = write_line,
    dynamodb: DynamoDB | None = None,
) -> Services:
    """Build the services that the actions need, from the environment.

    Args:
        clock: returns the stack's time.
        write: takes each line of logs and metrics.
        dynamodb: the port of the stores; default is the one of the wire to AWS.

    Raises:
        SettingsError: naming each variable that is missing or malformed.
    """
    settings = Settings.from_environ(environ)
    dynamodb = dynamodb or aws.dynamodb(settings, environ)
    hasher = Hasher(settings.resume_token_secret)
    jobs, replies = aws.job_queues(settings, environ)
    sessions = SessionStore(dynamodb, settings.sessions_table)
    counts = ListenerCounts(dynamodb, settings.counts_table)
    connection_membership = ConnectionMembership(dynamodb, settings.connections_table)
    seats = SeatStore(dynamodb, settings.rate_limits_table)
    return Services(
        settings=settings,
        clock=clock,
        pick=secrets.randbelow,
        sleep=time.sleep,
        telemetry=Telemetry(hasher, clock, write, settings.log_level),
        hasher=hasher,
        cursors=Cursors(settings.resume_token_secret),
        tokens=TokenVerifier(settings),
        resume_tokens=ResumeTokens(settings.resume_token_secret),
        join_keys=JoinKeys(settings.resume_token_secret),
        management=aws.management(settings, environ, clock),
        jobs=jobs,
        replies=replies,
        together=Together(dynamodb),
        sessions=sessions,
        counts=counts,
        connections=ConnectionStore(dynamodb, settings.connections_table),
        membership=Membership(dynamodb, sessions, counts, connection_membership, seats),
        seats=seats,
        rate_limits=RateLimitStore(dynamodb, settings.rate_limits_table),
        leases=LeaseStore(dynamodb, settings.rate_limits_table),
        removals=RemovalStore(dynamodb, settings.rate_limits_table),
        history=HistoryStore(dynamodb, settings.history_table),
        subscriptions=SubscriptionStore(dynamodb, settings.subscriptions_table),
        requests=RequestStore(dynamodb, settings.requests_table),
        on_gone=disconnect.on_gone,
    )


def install(made: Services) -> None:
    """Make these the services of the process."""
    with _lock:
        _installed[:] = [made]


def services() -> Services:
    """Return the services of the process, built from its environment at the first call."""
    if not _installed:
        with _lock:
            if not _installed:
                _installed.append(build(os.environ))
    return _installed[0]
