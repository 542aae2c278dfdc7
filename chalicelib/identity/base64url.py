"""base64url without padding (RFC 4648, section 5), as tokens use it.

On `binascii` alone: importing `base64` costs 3 ms of a cold start.
"""

from binascii import a2b_base64, b2a_base64

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = str.maketrans("-_", "+/")


def encode(data: bytes) -> str:
    """`data` in base64url, without padding."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The bytes of `text`, which must be written just as `encode` would have written them.

    Python's decoder also takes other spellings of the same bytes (padding, stray bits at the end,
    the other alphabet). They are refused, so that no signed text can be altered and stay valid.

    Raises:
        ValueError: it is anything else.
    """
    data = a2b_base64(text.translate(_FROM_URL) + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
