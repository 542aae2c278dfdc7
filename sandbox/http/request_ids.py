"""Ids of requests and invocations: several for each message, so not from the system's source.

That is a system call each, at which a thread hands on the interpreter; with many handlers side by
side it took a tenth of a message's CPU. What must not be guessed, a connection's id, is still from
there (`sandbox/gateway/events.py`).
"""

import base64
import random

_random = random.Random()  # seeded by the system, and by nobody who seeds Python's shared one  # nosec B311 # a name, no secret


def gateway_id() -> str:
    """Of API Gateway's kind: 11 random bytes in base64, like `L0SM9cOFvHcCIhw=`."""
    return base64.urlsafe_b64encode(_random.randbytes(11)).decode("ascii")


def uuid_text() -> str:
    """A random UUID (RFC 9562, version 4)."""
    text = _random.randbytes(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
