"""The JWT in a client's handshake (PROTOCOL 1.1)."""

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.errors import BadRequest, Code

SUBPROTOCOL = "lectern.v1"
_BEARER = "bearer."
_MORE_THAN_ONE = "the handshake has more than one token: send one, in one place"


def find_token(headers: Mapping[str, Sequence[str]], query: Mapping[str, str]) -> str | None:
    """Return the token of a handshake.

    The token may be in `Authorization: Bearer`, in the subprotocols (`bearer.<jwt>`) or in the
    query (`token`); header names may be in any case. `headers` has the lines of each header, which
    are one list (RFC 9110 5.3). If a place holds no token (another scheme, nothing after
    `Bearer`), the token is `""`, which no verifier accepts, so that no client is silently
    downgraded to anonymous. `None` means that the client presented none.

    Raises:
        BadRequest: there is more than one token, even if they are the same (RFC 6750 2 and 3.1).
    """
    presented = [
        *(token for line in _lines(headers, "authorization") for token in _credentials(line)),
        *(entry[len(_BEARER) :] for entry in _offered(headers) if _is_bearer(entry)),
        *([query["token"]] if "token" in query else []),
    ]
    if len(presented) > 1:
        raise BadRequest(Code.INVALID_MESSAGE, _MORE_THAN_ONE, details=[("token", _MORE_THAN_ONE)])
    return presented[0] if presented else None


def find_subprotocol(headers: Mapping[str, Sequence[str]]) -> str | None:
    """Return the subprotocol to accept: `"lectern.v1"` if the client offered it, else `None`."""
    return SUBPROTOCOL if SUBPROTOCOL in _offered(headers) else None


def _offered(headers: Mapping[str, Sequence[str]]) -> list[str]:
    return [entry for line in _lines(headers, "sec-websocket-protocol") for entry in _list(line)]


def _lines(headers: Mapping[str, Sequence[str]], name: str) -> Iterator[str]:
    for key, lines in headers.items():
        if key.lower() == name:
            yield from lines


def _list(line: str) -> list[str]:
    return [entry.strip() for entry in line.split(",")]


def _credentials(line: str) -> list[str]:
    """Return the tokens of an `Authorization` line; `""` for one with other credentials."""
    bearers = [entry for entry in map(_after_scheme, _list(line)) if entry is not None]
    return bearers or [""]


def _after_scheme(entry: str) -> str | None:
    scheme, _, token = entry.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _is_bearer(entry: str) -> bool:
    return f"{entry.lower()}.".startswith(_BEARER)
