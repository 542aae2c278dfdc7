"""changeLanguage."""

from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import access, limits, lookup, shards
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import SessionId
from chalicelib.errors import Code, Forbidden, TransactionCancelled, Unavailable
from chalicelib.protocol import messages, requests
from chalicelib.stores.membership import TransactionItem

_TRIES = 4


@action(requests.ChangeLanguage)
def change_language(
    services: Services, call: Call, request: requests.ChangeLanguage
) -> messages.LanguageChanged:
    """Let a listener follow another language.

    `lastSeq` is read before the change: of what is broadcast after it, nothing is missed unnoticed.
    """
    session_id, language = call.require_session(), request.target_language
    if call.connection.target_language == language:
        session = lookup.active_session(services, session_id)
    else:
        limits.limit_controls(services, call.connection_id)
        session = _change(services, call.connection, session_id, language)
    return messages.LanguageChanged(
        timestamp=services.clock(),
        session_id=session_id,
        target_language=language,
        last_seq=session.positions(language),
    )


def _change(
    services: Services, connection: Connection, session_id: SessionId, language: str
) -> Session:
    """Change the language in one transaction, and retry if the same client has just changed it.

    Return the session as it was before the change.
    """
    for _ in range(_TRIES):
        session = lookup.active_session(services, session_id)
        access.require_language(session, language)
        if _is_changed(services, connection, session, language):
            return session
        connection = lookup.reload_connection(services, connection.connection_id)
        if connection.session_id != session_id:
            raise Forbidden(Code.FORBIDDEN, "this connection has just left the session")
        if connection.target_language == language:
            return session
    raise Unavailable(Code.SERVICE_UNAVAILABLE, "the language keeps changing", retry_after=1)


def _is_changed(
    services: Services, connection: Connection, session: Session, language: str
) -> bool:
    """Return False if the connection is no longer what it was read as."""
    if connection.shard is None:  # of a session of version 0.1.0
        raise lookup.without_counts(session.session_id)
    try:
        services.membership.change_language(connection, language, session)
    except TransactionCancelled as cancelled:
        if cancelled.condition_failed(TransactionItem.SHARD):
            shards.require_room(services, session.session_id, connection.shard, language)
        elif not cancelled.condition_failed(TransactionItem.CONNECTION):
            raise
        return False
    return True
