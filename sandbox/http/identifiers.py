"""The region and the account of this machine, and the ids of requests and invocations.

Several ids are made for each message, so they do not come from the system's source of randomness:
that costs a system call each, at which a thread hands on the interpreter, and a tenth of a
message's CPU with many handlers side by side. What must not be guessed, a connection's id, still
comes from there (`sandbox/gateway/events.py`).
"""

import base64
import random

REGION = "us-east-1"
ACCOUNT = "123456789012"

# Of its own: a test that seeds Python's shared generator does not repeat these ids.
_random = random.Random()  # nosec B311 # a name, no secret


def gateway_id() -> str:
    """Return a request id of API Gateway's kind: 11 bytes in base64, like `L0SM9cOFvHcCIhw=`."""
    return base64.urlsafe_b64encode(_random.randbytes(11)).decode("ascii")


def uuid_text() -> str:
    """Return a random UUID (RFC 9562, version 4)."""
    text = _random.randbytes(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
