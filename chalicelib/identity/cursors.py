"""Cursors: positions in a list, as opaque texts that a caller hands back to get the next page.

A position in a list of connections is a connection id, which must not leave the stack. So a
position is encrypted and authenticated with AES-SIV (RFC 5297), under a key made from
`RESUME_TOKEN_SECRET`; the list's name is authenticated with it.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.errors import BadRequest, Code
from chalicelib.identity import base64url
from chalicelib.identity.keys import derive_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_MAX_LENGTH = 1024


class Cursors:
    """Writes and reads cursors. `scope` names the list; a cursor of another list is refused."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def write(self, scope: str, position: Mapping[str, Any]) -> str:
        """Return the cursor that stands for a position in the list `scope`."""
        plain = msgspec.msgpack.encode(position)
        return base64url.encode(self._cipher.encrypt(plain, [scope.encode()]))

    def read(self, scope: str, cursor: str) -> dict[str, Any]:
        """Return the position that a cursor stands for.

        Raises:
            BadRequest: this stack has written no such cursor for this list.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see `_cipher`

        try:
            sealed = base64url.decode(cursor[:_MAX_LENGTH])
            plain = self._cipher.decrypt(sealed, [scope.encode()])
        except (ValueError, InvalidTag):
            raise _refusal() from None
        position: dict[str, Any] = msgspec.msgpack.decode(plain)
        return position

    @cached_property
    def _cipher(self) -> "AESSIV":
        # Imported here: it costs 18 ms of CPU, and only pages of the operator API need it.
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415

        return AESSIV(derive_key(self._secret, "cursor"))


def _refusal() -> BadRequest:
    problem = "is not a cursor of this list"
    return BadRequest(Code.INVALID_MESSAGE, f"cursor: {problem}", details=[("cursor", problem)])
