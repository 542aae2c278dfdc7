"""The reply to a handshake with `action=`: the first message on the new socket (PROTOCOL 1.2).

The socket does not exist until `$connect` has returned, and a post to it gets 410 until then. So a
job sends the reply, and builds it only then: a listener becomes a recipient first, and what it is
told of the session's state and streams is not older than that.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from chalicelib.actions import ending, replies
from chalicelib.actions.services import Services
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Role, SessionId
from chalicelib.errors import Gone
from chalicelib.protocol.codec import encode
from chalicelib.protocol.messages import Message

_WAITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between tries in one job: most sockets open within the first two."""
_ROUNDS = 4
"""How often the job comes again, a second apart."""


def welcome(services: Services, job: Mapping[str, Any]) -> None:
    """Sends the reply, as soon as the socket is open."""
    connection_id = ConnectionId(job["connectionId"])
    services.connections.welcome(connection_id)
    connection = services.connections.get_current(connection_id)
    if connection is None:
        return
    for wait in (0.0, *_WAITS):
        services.sleep(wait)
        if _reply(services, connection, job):
            return
    round_number = job.get("round", 1)
    if round_number < _ROUNDS:
        services.jobs.send({**job, "round": round_number + 1}, delay=1)


def _reply(services: Services, connection: Connection, job: Mapping[str, Any]) -> bool:
    """One try, with the session as it is by now; False if the socket is not open (yet)."""
    if connection.session_id is None:
        return True
    message = _message(services, connection, connection.session_id, job)
    if job["id"] is not None:
        message.id = job["id"]
    try:
        services.management.post(connection.connection_id, encode(message))
    except Gone:
        return False
    return True


def _message(
    services: Services, connection: Connection, session_id: SessionId, job: Mapping[str, Any]
) -> Message:
    session = services.sessions.get(session_id)
    if session is None or not session.is_active:
        return ending.notice(services, session_id, ending.reason_of(session))
    last_seq = UNSET if job["lastSeq"] is None else job["lastSeq"]
    if job["refresh"]:
        return replies.refresh_complete(services, connection, session, last_seq)
    if connection.role is Role.SPEAKER:
        return replies.session_created(services, connection, session)
    return replies.session_joined(services, connection, session, last_seq)
