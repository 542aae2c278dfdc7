"""One small document by HTTPS: an issuer's key set."""

from contextlib import closing

_TIMEOUT_SECONDS = 3.0
_MOST_BYTES = 256 * 1024


def fetch(url: str) -> bytes:
    """The body that `url` answers with status 200: at most 256 KB, within a few seconds.

    Redirects are not followed: keys come from where the settings say, and from nowhere else. The
    server's certificate is checked. Plain HTTP is for key sets on this machine (`settings.py`).

    Raises:
        OSError: anything else happened.
    """
    # Imported here: they cost 23 ms of a cold start, and only a stack with a key set fetches.
    from http.client import HTTPConnection, HTTPException, HTTPSConnection  # noqa: PLC0415
    from urllib.parse import urlsplit, urlunsplit  # noqa: PLC0415

    try:
        parts = urlsplit(url)
        kind = HTTPConnection if parts.scheme == "http" else HTTPSConnection
        with closing(kind(parts.netloc, timeout=_TIMEOUT_SECONDS)) as connection:
            target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            connection.request("GET", target, headers={"Accept": "application/json"})
            answer = connection.getresponse()
            body = answer.read(_MOST_BYTES + 1)
    except OSError:  # first, as a certificate that is refused is a ValueError too
        raise
    except (HTTPException, ValueError) as problem:
        raise OSError("no HTTP answer") from problem
    if answer.status != 200 or len(body) > _MOST_BYTES:
        raise OSError(f"status {answer.status} with {len(body)} bytes")
    return body
