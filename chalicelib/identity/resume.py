"""Resume tokens: the proof of a returning listener that it is counted already (PROTOCOL 6.1).

A token is `r1.` and, in base64url, a 32-byte HMAC-SHA256 followed by what it signs: the claims as
a MessagePack array. It names the session, role, participant and user, but no connection, so that
a client whose response was lost can use it again.
"""

import hmac

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from chalicelib.domain.types import Millis, Role, SessionId, UserId
from chalicelib.errors import Code, Unauthorized
from chalicelib.identity import base64url
from chalicelib.identity.keys import derive_key

_PREFIX = "r1."
_MAC_BYTES = 32
_MAX_LENGTH = 2048
"""The maximum characters. The longest issued has 1,500: a user id of 255 characters of 4 bytes."""


class ResumeClaims(Struct, frozen=True):
    """The participant that a token identifies, and its expiry."""

    session_id: SessionId
    role: Role
    participant_id: str
    user_id: UserId | None
    expires_at: Millis


_decoder = msgspec.msgpack.Decoder(tuple[SessionId, Role, str, UserId | None, Millis])


class ResumeTokens:
    """Issues and reads tokens under a key made from `RESUME_TOKEN_SECRET`."""

    def __init__(self, secret: str) -> None:
        self._key = derive_key(secret, "resume")

    def issue(self, claims: ResumeClaims) -> str:
        """Return a token for `claims`, some 150 characters long."""
        payload = msgspec.msgpack.encode(astuple(claims))
        return _PREFIX + base64url.encode(self._mac(payload) + payload)

    def read(self, token: str, now: Millis) -> ResumeClaims:
        """Return the claims of a token.

        The caller checks that they fit its session and user.

        Raises:
            Unauthorized: TOKEN_INVALID if this stack has not issued the token, or TOKEN_EXPIRED.
        """
        try:
            claims = ResumeClaims(*_decoder.decode(self._verified(token)))
        except ValueError:
            raise Unauthorized(Code.TOKEN_INVALID, "the resume token is not valid") from None
        if now >= claims.expires_at:
            raise Unauthorized(Code.TOKEN_EXPIRED, "the resume token has expired")
        return claims

    def _verified(self, token: str) -> bytes:
        if len(token) > _MAX_LENGTH or not token.startswith(_PREFIX):
            raise ValueError("not a resume token")
        signed = base64url.decode(token[len(_PREFIX) :])
        mac, payload = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload)):
            raise ValueError("not signed by this stack")
        return payload

    def _mac(self, payload: bytes) -> bytes:
        # The prefix is signed too, so that a token of a later version is never taken for this one.
        return hmac.digest(self._key, _PREFIX.encode() + payload, "sha256")
