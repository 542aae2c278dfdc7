"""Places in a list as opaque texts: whoever is given one can hand it back, and do nothing else.

A place in a list of connections is a connection id, which must not leave the stack. So a place is
encrypted and signed (SIV: the MAC of the text is the nonce of its key stream, HMAC-SHA256 in
counter mode), under a key made from `RESUME_TOKEN_SECRET`.
"""

import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.errors import BadRequest, Code
from chalicelib.identity import base64url
from chalicelib.identity.keys import derive_key

_MAC_BYTES = 16
_MAX_LENGTH = 1024


class Cursors:
    """Writes and reads cursors. `scope` names the list; one of another list is refused."""

    def __init__(self, secret: str) -> None:
        self._mac_key = derive_key(secret, "cursor-mac")
        self._stream_key = derive_key(secret, "cursor-stream")

    def write(self, scope: str, place: Mapping[str, Any]) -> str:
        plain = msgspec.msgpack.encode(place)
        mac = self._mac(scope, plain)
        return base64url.encode(mac + self._crypt(mac, plain))

    def read(self, scope: str, cursor: str) -> dict[str, Any]:
        """The place that `write` was given. Raises BadRequest: it never was, for this list."""
        try:
            sealed = base64url.decode(cursor[:_MAX_LENGTH])
        except ValueError:
            raise _refusal() from None
        mac = sealed[:_MAC_BYTES]
        plain = self._crypt(mac, sealed[_MAC_BYTES:])
        if not hmac.compare_digest(mac, self._mac(scope, plain)):
            raise _refusal()
        place: dict[str, Any] = msgspec.msgpack.decode(plain)
        return place

    def _mac(self, scope: str, plain: bytes) -> bytes:
        return hmac.digest(self._mac_key, scope.encode() + b"\0" + plain, "sha256")[:_MAC_BYTES]

    def _crypt(self, mac: bytes, text: bytes) -> bytes:
        blocks = range(-(-len(text) // 32))
        key_stream = b"".join(
            hmac.digest(self._stream_key, mac + block.to_bytes(4), "sha256") for block in blocks
        )
        return bytes(a ^ b for a, b in zip(text, key_stream, strict=False))


def _refusal() -> BadRequest:
    problem = "is not a cursor of this list"
    return BadRequest(Code.INVALID_MESSAGE, f"cursor: {problem}", details=[("cursor", problem)])
