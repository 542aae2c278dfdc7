"""The JWT in a client's handshake (PROTOCOL 1.1)."""

from collections.abc import Iterable, Mapping

SUBPROTOCOL = "lectern.v1"
_BEARER = "bearer."


def find_token(
    headers: Mapping[str, str], query: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """Return the token of a handshake, and the subprotocol to accept.

    The token may be in `Authorization: Bearer`, in the subprotocols (`bearer.<jwt>`) or in the
    query (`token`); header names may be in any case. The first of these that is present counts. If
    it holds no token (another scheme, nothing after `Bearer`, two tokens), the token is `""`, which
    no verifier accepts, so that no client is silently downgraded to anonymous. `None` means that
    the client presented none.

    The subprotocol is `"lectern.v1"` if the client offered it, else `None`.
    """
    offered = [
        entry.strip()
        for value in _values(headers, "sec-websocket-protocol")
        for entry in value.split(",")
    ]
    candidates = (
        [_after_scheme(value) for value in _values(headers, "authorization")],
        [entry[len(_BEARER) :] for entry in offered if _is_bearer(entry)],
        [query["token"]] if "token" in query else [],
    )
    presented = next((found for found in candidates if found), None)
    return _only(presented), SUBPROTOCOL if SUBPROTOCOL in offered else None


def _values(headers: Mapping[str, str], name: str) -> list[str]:
    return [value for key, value in headers.items() if key.lower() == name]


def _after_scheme(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _is_bearer(entry: str) -> bool:
    return f"{entry.lower()}.".startswith(_BEARER)


def _only(presented: Iterable[str] | None) -> str | None:
    if presented is None:
        return None
    tokens = set(presented)
    return tokens.pop() if len(tokens) == 1 else ""
