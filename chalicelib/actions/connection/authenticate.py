"""authenticate; the identity behind a token, unless an operator has removed its user."""

from chalicelib.actions.connection.due import schedule_token_jobs
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.domain.lifetimes import token_notice_at
from chalicelib.domain.types import Millis
from chalicelib.errors import Code, Forbidden, Unauthorized
from chalicelib.identity.tokens import Identity
from chalicelib.protocol import messages, requests
from chalicelib.stores.calls import Call as StoreCall


@action(requests.Authenticate)
def authenticate(
    services: Services, call: Call, request: requests.Authenticate
) -> messages.Authenticated:
    """Take a newer token of the same user and tenant.

    Raises:
        Unauthorized: the token is not valid, or withdrawn. Forbidden: it is another user's, or
        the connection is anonymous.
    """
    identity = identify(services, request.token)
    connection = call.connection
    if (identity.user_id, identity.tenant_id) != (connection.user_id, connection.tenant_id):
        raise Forbidden(Code.FORBIDDEN, "this token is not the one of this connection's user")
    if not services.connections.renew_token(
        call.connection_id, identity.expires_at, token_notice_at(identity.expires_at)
    ):
        raise Forbidden(Code.FORBIDDEN, "this connection has just been closed")
    schedule_token_jobs(services, connection.connection_id, identity.expires_at)
    return messages.Authenticated(timestamp=services.clock())


def identify(services: Services, token: str) -> Identity:
    """Return the user and tenant of a token. Every token that a client shows is checked here.

    The signature of a removed user's token is still valid, so a read tells whether its user has
    been removed; only a client with a token pays for it. It fails closed
    (docs/build/decisions/0008).

    Raises:
        Unauthorized: the token is not valid, or was issued before its user was removed.
        UpstreamError: the read failed.
    """
    identity = services.tokens.verify(token, services.clock())
    (refusal,) = services.together(withdrawn_call(services, identity))
    if refusal is not None:
        raise refusal
    return identity


def withdrawn_call(services: Services, identity: Identity) -> StoreCall[Unauthorized | None]:
    """Return the call that reads whether a token's user has been removed.

    Its result is the refusal of a token that was issued before.
    """

    def check(not_before: Millis | None) -> Unauthorized | None:
        # A token without the time of its issue may be an old one.
        if not_before is None or (identity.issued_at or 0) > not_before:
            return None
        return Unauthorized(Code.TOKEN_INVALID, "the token is not valid: it has been withdrawn")

    user = services.hasher.user(identity.tenant_id, identity.user_id)
    return services.removals.not_before_call(user, services.clock()).then(check)
