"""Join keys: what a listener of a private session must know besides its id (PROTOCOL 3).

A key is derived, not stored: a handshake that runs twice, and a speaker that comes back, are given
the same one. The time of the session's creation is part of it, as a name may be used again later.
"""

import hmac

from chalicelib.domain.types import Millis, SessionId
from chalicelib.identity import base64url
from chalicelib.identity.keys import derive_key

_KEY_BYTES = 16
_NO_HASH = "0" * 64
"""Compared with where a session has no key, so that it takes as long."""


class JoinKeys:
    """Derives keys from one made of `RESUME_TOKEN_SECRET`, and compares them in constant time."""

    def __init__(self, secret: str) -> None:
        self._key = derive_key(secret, "joinKey")

    def derive(self, session_id: SessionId, created_at: Millis) -> str:
        """Return the key of a session: 128 bits in base64url, 22 characters."""
        session = f"{session_id}:{created_at}".encode()
        return base64url.encode(hmac.digest(self._key, session, "sha256")[:_KEY_BYTES])

    def hash(self, join_key: str) -> str:
        """Return what a session's item has instead of the key: 64 hexadecimal digits."""
        text = join_key.encode("utf-8", "surrogatepass")
        return hmac.digest(b"lectern/v1/joinKeyHash", text, "sha256").hex()

    def fits(self, join_key: str | None, key_hash: str | None) -> bool:
        """Return True if a key is the one with this hash. No key fits no hash, and the reverse."""
        same = hmac.compare_digest(self.hash(join_key or ""), key_hash or _NO_HASH)
        return same and join_key is not None and key_hash is not None
