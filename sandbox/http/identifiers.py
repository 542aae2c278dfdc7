"""The region and the account of the emulated AWS, and the ids of requests and invocations.

Each message needs several ids, so they come from a pseudo-random generator. The system's source
would need a system call for each, which releases the GIL: with many handlers side by side that was
a tenth of a message's CPU. Only a connection's id, which must not be guessable, comes from it
(`sandbox/gateway/events.py`).
"""

import base64
import random

REGION = "us-east-1"
ACCOUNT = "123456789012"

# Not Python's shared generator: a test that seeds that one must not repeat these ids.
_random = random.Random()  # nosec B311 # a name, no secret


def gateway_id() -> str:
    """Return a request id of API Gateway's kind: 11 bytes in base64, like `L0SM9cOFvHcCIhw=`."""
    return base64.urlsafe_b64encode(_random.randbytes(11)).decode("ascii")


def uuid_text() -> str:
    """Return a random UUID (RFC 9562, version 4)."""
    text = _random.randbytes(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
