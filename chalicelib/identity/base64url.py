"""base64url without padding (RFC 4648, section 5), as tokens use it.

It uses only `binascii`: importing `base64` costs a cold start 3 ms.
"""

from binascii import a2b_base64, b2a_base64

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = str.maketrans("-_", "+/")


def encode(data: bytes) -> str:
    """Return `data` in base64url, without padding."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of `text`, which must be exactly what `encode` returns for them.

    Python's decoder also accepts other spellings of the same bytes (padding, stray bits at the end,
    the other alphabet). They are refused, so that no signed text can be altered and stay valid.

    Raises:
        ValueError: `text` is anything else.
    """
    data = a2b_base64(text.translate(_FROM_URL) + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
