"""The reply to a handshake with `action=`: the first message on the new socket (PROTOCOL 1.2).

The socket does not exist until `$connect` has returned, and a post to it gets 410 until then. So a
job sends the reply. Only after it does a listener become a recipient and a speaker get statuses, as
nothing may come before it; broadcasts between the reply and that moment are sent after it.
"""

from msgspec import UNSET
from msgspec.structs import replace

from chalicelib.actions.services import Services
from chalicelib.actions.session import recovery, replies
from chalicelib.domain.session import Connection
from chalicelib.domain.types import Role, SessionId
from chalicelib.errors import Gone, UpstreamError
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import FirstReply
from chalicelib.protocol.messages import (
    ConnectionRefreshComplete,
    SessionCreated,
    SessionEnded,
    SessionJoined,
)

Reply = SessionCreated | SessionJoined | ConnectionRefreshComplete | SessionEnded

_WAITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between tries in one job: most sockets open within the first two."""
_MAX_ROUNDS = 4
"""Jobs that try, a second apart."""


def send(services: Services, job: FirstReply) -> None:
    """Send the reply as soon as the socket is open."""
    connection = services.connections.get_current(job.connection_id)
    if connection is None or connection.session_id is None:
        return
    try:
        for wait in (0.0, *_WAITS):
            services.sleep(wait)
            reply = _reply(services, connection, connection.session_id, job)
            if _is_posted(services, connection, encode(reply)):
                _finish_handshake(services, connection, connection.session_id)
                _catch_up(services, connection, connection.session_id, reply)
                return
    except UpstreamError:
        # The queue would deliver the job again too, but much later, and a client waits.
        if job.round >= _MAX_ROUNDS:
            raise
    if job.round < _MAX_ROUNDS:
        services.jobs.send(replace(job, round=job.round + 1), delay=1)


def _finish_handshake(services: Services, connection: Connection, session_id: SessionId) -> None:
    """Make the connection a recipient, now that it has its reply."""
    if connection.role is Role.SPEAKER:
        services.sessions.finish_speaker_handshake(session_id, connection.connection_id)
    else:
        services.connections.finish_handshake(connection.connection_id)


def _is_posted(services: Services, connection: Connection, body: bytes) -> bool:
    """Return False if the socket is not open (yet)."""
    try:
        services.management.post(connection.connection_id, body)
    except Gone:
        return False
    return True


def _catch_up(
    services: Services, connection: Connection, session_id: SessionId, reply: Reply
) -> None:
    """Send a listener what it missed between its reply and becoming a recipient.

    If this fails, the client finds the gap by the next `seq`, as it does after any lost post.
    """
    if connection.role is Role.SPEAKER or isinstance(reply, SessionCreated | SessionEnded):
        return
    session = services.sessions.get(session_id)
    if session is None or not session.is_active:
        return  # The end waits for listeners with a pending handshake, and tells them.
    late = list(recovery.missed(services, session, connection.target_language, reply.last_seq))
    if session.state_version != reply.state_version:
        late.insert(0, encode(replies.state_changed(services, session)))
    try:
        for body in late:
            services.management.post(connection.connection_id, body)
    except UpstreamError as error:
        services.telemetry.warning("catchUpFailed", exception=error)


def _reply(
    services: Services, connection: Connection, session_id: SessionId, job: FirstReply
) -> Reply:
    reply = _current_reply(services, connection, session_id, job)
    if job.id is not None:
        reply.id = job.id
    return reply


def _current_reply(
    services: Services, connection: Connection, session_id: SessionId, job: FirstReply
) -> Reply:
    """Return the reply for the session as it is now: it may have ended since the handshake."""
    session = services.sessions.get(session_id)
    if session is None or not session.is_active:
        return replies.session_ended(services, session_id, replies.end_reason(session))
    last_seq = UNSET if job.last_seq is None else job.last_seq
    if job.refresh:
        return replies.refresh_complete(services, connection, session, last_seq)
    if connection.role is Role.SPEAKER:
        return replies.session_created(services, connection, session)
    return replies.session_joined(services, connection, session, last_seq)
