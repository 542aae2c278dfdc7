"""A handshake that is refused in band: the first message on its socket is the error (PROTOCOL 1.3).

A browser cannot read the status of a refused handshake. With `refusal=message` the handshake is
accepted; a job of the replies queue sends the error, since the socket opens only after `$connect`
has returned, and closes the socket. The connection's item keeps the error for messages that come
before that. It is in no session and in no index.
"""

import msgspec
from msgspec.structs import replace

from chalicelib.actions.connection.due import isolated
from chalicelib.actions.services import Services
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis, Role
from chalicelib.errors import ClientError, Code, Gone, UpstreamError, refusal_of
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import TellRefusal
from chalicelib.protocol.messages import Error

STATUSES = frozenset({400, 401, 403, 404, 503})
"""The statuses that are told in band; the others stay statuses of the handshake."""


def admit(
    services: Services, connection_id: ConnectionId, connected_at: Millis, error: Error
) -> bool:
    """Let a refused handshake in, to be told the error.

    Return False if that cannot be arranged: then the handshake gets the status.
    """
    body = encode(error).decode()
    # It is nobody's, so that it is in no index.
    anonymous = lifetimes.new_connection(
        connection_id, Role.LISTENER, connected_at, services.settings
    )
    connection = replace(anonymous, refusal=body)
    try:
        if not _put(services, connection):
            return False
        services.replies.send(TellRefusal(connection_id=connection_id, body=body))
    except UpstreamError as failure:
        services.telemetry.error("refusalNotSent", exception=failure)
        with isolated(services):
            services.connections.delete(connection)
        return False
    return True


def _put(services: Services, connection: Connection) -> bool:
    """Return False if another run of the handshake was let in.

    While the table is down, messages are refused for that, and the job needs no item.
    """
    try:
        return services.connections.put_refused(connection)
    except UpstreamError as failure:
        services.telemetry.warning("refusalNotStored", exception=failure)
        return True


def tell(services: Services, job: TellRefusal) -> bool:
    """Send the error, and close the socket. Return False if it is not open (yet).

    `$disconnect` deletes the item; if it does not come, the sweep does.
    """
    if not is_posted(services, job.connection_id, job.body.encode()):
        return False
    with isolated(services):
        services.management.close(job.connection_id)
    return True


def is_posted(services: Services, connection_id: ConnectionId, body: bytes) -> bool:
    """Post a first message. Return False if the socket is not open (yet)."""
    try:
        services.management.post(connection_id, body)
    except Gone:
        return False
    return True


def require_admitted(connection: Connection) -> None:
    """Raise the error of a connection whose handshake was refused."""
    if connection.refusal is not None:
        raise _refusal(connection.refusal)


def _refusal(body: str) -> ClientError:
    error = msgspec.json.decode(body, type=Error)
    details = [] if error.details is msgspec.UNSET else error.details
    return refusal_of(
        error.status,
        Code(error.code),
        error.message,
        details=[(each.field, each.problem) for each in details],
        retry_after=None if error.retry_after is msgspec.UNSET else error.retry_after,
    )
