"""Tries to enter a session: few may fail, so that sessions can't be found by guessing.

A try is reserved on the connection before anything is looked up (`ConnectionStore.reserve_try`).
The transaction of the join gives it back, and so does a refusal by a session that the client may
know.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import access, limits
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId, SessionId
from chalicelib.errors import ClientError, NotFound, UpstreamError


def reserve(services: Services, connection_id: ConnectionId) -> Connection | None:
    """Reserve a try for a connection that is in no session, and return the connection.

    One in a session, which is told so without a look at another, needs none, nor does one whose
    handshake was refused.

    Raises RateLimited: it has had all its tries.
    """
    limit = services.settings.rate_limit_failed_joins_per_minute
    reserved = services.connections.reserve_try(connection_id, limit, services.clock())
    if reserved is not None:
        return reserved
    current = services.connections.get_current(connection_id)
    if current is None or current.superseded_by or current.session_id or current.refusal:
        return current
    raise limits.too_many_tries(services, current)


def find_session(
    services: Services, call: Call, session_id: SessionId, proof: access.Proof
) -> Session:
    """Return the session that a client wants to enter, and count a try that fails.

    A first try is never refused, so that a guesser locks out nobody else of its address. Once the
    address has failed often, a connection has no other. A resume token of the session is no guess.

    Raises NotFound: see `access.session_to_enter`. RateLimited.
    """
    connection = call.connection
    is_counted = connection.join_tries > 1 and proof.participant is None
    if is_counted:
        limits.limit_failed_joins(services, call.address)
    try:
        return access.session_to_enter(services, connection, session_id, proof)
    except NotFound:
        if not is_counted:
            limits.note_failed_join(services, call.address)
        raise


@contextmanager
def returned_on_refusal(services: Services, connection_id: ConnectionId) -> Iterator[None]:
    """Give the try back if the block is refused: the session was there."""
    try:
        yield
    except ClientError:
        with suppress(UpstreamError):
            services.connections.return_try(connection_id)
        raise
