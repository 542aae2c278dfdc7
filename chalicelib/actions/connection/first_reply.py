"""The reply to a handshake with `action=`: the first message on the new socket (PROTOCOL 1.2).

The socket does not exist until `$connect` has returned, and a post to it gets 410 until then. So a
job sends the reply, on a queue of its own, since a client waits for it. Only after it does a
listener become a recipient and a speaker get statuses, as nothing may come before it; broadcasts
between the reply and that moment are sent after it.
"""

from collections.abc import Sequence

from msgspec import UNSET, Struct
from msgspec.structs import replace

from chalicelib.actions.connection import refused
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import lookup, recovery, replies
from chalicelib.domain.session import Connection
from chalicelib.domain.types import Role, SessionId
from chalicelib.errors import UpstreamError
from chalicelib.protocol.codec import Envelope, encode, error_message
from chalicelib.protocol.jobs import FirstMessage, FirstReply, TellRefusal
from chalicelib.protocol.messages import (
    ConnectionRefreshComplete,
    Error,
    SessionCreated,
    SessionEnded,
    SessionJoined,
)

Reply = SessionCreated | SessionJoined | ConnectionRefreshComplete | SessionEnded

_WAITS = (0.0, 0.05, 0.1)
"""Seconds before each try of one job: nearly every socket is open at the first or second."""
_MAX_ROUNDS = 5
"""Jobs that try, a second apart, which is the shortest delay that a queue can be relied on for."""
_RESERVE_SECONDS = 3.0
"""Seconds that an invocation must still have for another try."""


def send(services: Services, job: FirstMessage, remaining: Remaining) -> None:
    """Send one reply. Raises UpstreamError: neither it nor a job for the next try could be sent."""
    (error,) = send_all(services, [job], remaining)
    if error is not None:
        raise error


def send_all(
    services: Services, jobs: Sequence[FirstMessage], remaining: Remaining
) -> list[Exception | None]:
    """Send each reply as soon as its socket is open. Return the error of each, None if it has none.

    The jobs of a batch wait together: a client that is gone before its socket opens must not hold
    up those behind it. The reply is worked out once; what comes later is sent after it.
    """
    deliveries = [_Delivery(services, job) for job in jobs]
    for wait in _WAITS:
        waiting = [each for each in deliveries if each.is_waiting]
        if not waiting:
            break
        services.sleep(wait)
        for each in waiting:
            if remaining() > _RESERVE_SECONDS:
                each.try_once()
    for each in deliveries:
        each.leave_to_next_round()
    return [each.error for each in deliveries]


class _Delivery:
    """The delivery of one reply."""

    def __init__(self, services: Services, job: FirstMessage) -> None:
        self._services = services
        self._job = job
        self._prepared: _Prepared | None = None
        self.is_waiting = True
        """The socket is not open yet."""
        self.error: Exception | None = None

    def try_once(self) -> None:
        try:
            self.is_waiting = not self._is_settled()
        except Exception as error:  # one reply must not take its batch with it
            self.error = error
            self.is_waiting = False

    def leave_to_next_round(self) -> None:
        """Send a job that tries again in a second, if this one has sent nothing.

        After an error the queue would deliver this one again too, but much later.
        """
        failed = isinstance(self.error, UpstreamError)
        if not (self.is_waiting or failed) or self._job.round >= _MAX_ROUNDS:
            return
        try:
            again = replace(self._job, round=self._job.round + 1)
            self._services.replies.send(again, delay=1)
            self.error = None
        except UpstreamError as error:
            self.error = error

    def _is_settled(self) -> bool:
        """Return False if the socket is not open (yet)."""
        services = self._services
        if isinstance(self._job, TellRefusal):
            return refused.tell(services, self._job)
        if self._prepared is None:
            self._prepared = _prepare(services, self._job)
        if self._prepared is None:
            return True
        connection, reply = self._prepared.connection, self._prepared.reply
        if not refused.is_posted(services, connection.connection_id, encode(reply)):
            return False
        if not isinstance(reply, Error) and connection.session_id is not None:
            _finish_handshake(services, connection, connection.session_id)
            _catch_up(services, connection, connection.session_id, reply)
        return True


class _Prepared(Struct, frozen=True):
    """A reply and its recipient."""

    connection: Connection
    reply: Reply | Error


def _prepare(services: Services, job: FirstReply) -> _Prepared | None:
    """Return the reply. None if there is nothing to send: the handshake was refused, or is over."""
    connection = services.connections.get_current(job.connection_id)
    if connection is None:
        return None
    if connection.superseded_by is not None:
        return _Prepared(connection, _overtaken(services, connection, job))
    # Its session may have ended, and have been left, before the socket was there to be told.
    session_id = connection.session_id or connection.ended_session_id
    if session_id is None:
        return None
    return _Prepared(connection, _reply(services, connection, session_id, job))


def _overtaken(services: Services, connection: Connection, job: FirstReply) -> Error:
    """Return what a client is told whose place another socket has taken meanwhile."""
    action = "refreshConnection" if job.refresh else "joinSession"
    if connection.role is Role.SPEAKER and not job.refresh:
        action = "createSession"
    return error_message(lookup.overtaken(), Envelope(action, job.id), services.clock())


def _finish_handshake(services: Services, connection: Connection, session_id: SessionId) -> None:
    """Make the connection a recipient, now that it has its reply."""
    if connection.role is Role.SPEAKER:
        services.sessions.finish_speaker_handshake(session_id, connection.connection_id)
    else:
        services.connections.finish_handshake(connection.connection_id)


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
    late = list(
        recovery.missed_since(services, session, connection.target_language, reply.last_seq)
    )
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
