"""Keys for separate purposes, made from the one secret of the settings."""

import hmac
from typing import Literal

Purpose = Literal["resume", "address", "connection", "cursor", "user"]


def derive_key(secret: str, purpose: Purpose) -> bytes:
    """32 bytes that tell nothing of the secret or of the key for another purpose.

    One key for two purposes would let a signature made for one be used for the other.
    """
    return hmac.digest(secret.encode(), f"lectern/v1/{purpose}".encode(), "sha256")
