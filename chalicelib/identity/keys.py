"""Keys for separate purposes, made from the one secret of the settings."""

import hmac
from typing import Literal

Purpose = Literal["resume", "address", "connection", "cursor", "user", "joinKey"]


def derive_key(secret: str, purpose: Purpose) -> bytes:
    """Return 32 bytes that reveal neither the secret nor the key for another purpose.

    With one key for two purposes, a signature made for one could be used for the other.
    """
    return hmac.digest(secret.encode(), f"lectern/v1/{purpose}".encode(), "sha256")
