"""Where a client's JWT is (PROTOCOL 1.1)."""

from collections.abc import Iterable, Mapping

SUBPROTOCOL = "lectern.v1"
_BEARER = "bearer."


def find_token(
    headers: Mapping[str, str], query: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """The token of a handshake, and the subprotocol to answer.

    It is looked for in `Authorization: Bearer`, then in the subprotocols (`bearer.<jwt>`), then in
    the query (`token`); header names may be in any case. The first of these places that is used
    decides. If what is there is no token (another scheme, nothing after `Bearer`, two of them), the
    token is `""`, which no verifier takes: nobody is silently downgraded to anonymous. `None` means
    that the client presented nothing.

    The subprotocol is `"lectern.v1"` if the client offered it, else `None`.
    """
    offered = [
        entry.strip()
        for value in _values(headers, "sec-websocket-protocol")
        for entry in value.split(",")
    ]
    places = (
        [_after_scheme(value) for value in _values(headers, "authorization")],
        [entry[len(_BEARER) :] for entry in offered if _is_bearer(entry)],
        [query["token"]] if "token" in query else [],
    )
    presented = next((found for found in places if found), None)
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
