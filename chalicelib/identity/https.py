"""An HTTPS client for one small document: an issuer's key set."""

from contextlib import closing

_TIMEOUT_SECONDS = 3.0
_MAX_BYTES = 256 * 1024


def fetch(url: str) -> bytes:
    """Return the body of a 200 response: at most 256 KB, within a few seconds.

    Redirects are not followed: keys come only from the URL in the settings. The server's
    certificate is checked. Plain HTTP is for key sets on this machine (`settings.py`).

    Raises:
        OSError: there was no such response.
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
            response = connection.getresponse()
            body = response.read(_MAX_BYTES + 1)
    except OSError:  # first, as a refused certificate is a ValueError too
        raise
    except (HTTPException, ValueError) as problem:
        raise OSError("no HTTP response") from problem
    if response.status != 200 or len(body) > _MAX_BYTES:
        raise OSError(f"status {response.status} with {len(body)} bytes")
    return body
