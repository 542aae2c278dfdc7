"""Who somebody is who shows a token, and whether an operator has removed them meanwhile."""

from chalicelib.actions.services import Services
from chalicelib.errors import Code, Unauthorized
from chalicelib.identity.tokens import Identity


def identify(services: Services, token: str) -> Identity:
    """Whom `token` speaks for. Every way in that takes a token comes by here.

    The second look costs a read, and only who brings a token pays it: a removed user's token is as
    well signed as ever. It fails closed (docs/build/decisions/0008).

    Raises:
        Unauthorized: the token is not valid, or was issued before its user was removed.
        UpstreamError: nobody can say whether it was.
    """
    now = services.clock()
    identity = services.tokens.verify(token, now)
    user = services.hasher.user(identity.tenant_id, identity.user_id)
    not_before = services.removals.not_before(user, now)
    # A token that does not say when it was issued may be an old one.
    if not_before is not None and (identity.issued_at or 0) <= not_before:
        raise Unauthorized(Code.TOKEN_INVALID, "the token is not valid: it has been withdrawn")
    return identity
