"""Links with which people join a session, on a page of yours."""

from urllib.parse import parse_qs, urldefrag, urlencode


def join_link(page: str, session_id: str, join_key: str | None = None) -> str:
    """Return the address of `page` with `#session=…&key=…`.

    A browser sends the part behind the `#` to no server, and puts it into no `Referer`.
    """
    fields = {"session": session_id} | ({"key": join_key} if join_key else {})
    return f"{urldefrag(page).url}#{urlencode(fields)}"


def read_join_link(address: str) -> tuple[str | None, str | None]:
    """Return the session id and the join key of such an address, None for what it lacks."""
    fields = parse_qs(urldefrag(address).fragment)
    return fields.get("session", [None])[0], fields.get("key", [None])[0]
