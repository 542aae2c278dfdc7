"""The nesting depth of JSON, found without parsing it.

Parsers differ in what they take, and Python's differs from version to version. A limit of our own
(PROTOCOL section 2) gives every client the same reply.
"""

from itertools import accumulate

MAX_DEPTH = 64
"""Objects and arrays inside one another, the frame's own object included."""

_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def is_nested_deeper(body: bytes, than: int = MAX_DEPTH) -> bool:
    """Return True if more than `than` objects and arrays are open at once.

    A body with few brackets is done after counting them, which takes a few microseconds. Of any
    other the brackets outside of strings are followed. Where a body is not JSON, the result is
    right up to the place where a parser would stop.
    """
    if body.count(b"[") + body.count(b"{") <= than:
        return False
    quoted = body.replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = b"".join(quoted.split(b'"')[::2]).translate(None, _NO_BRACKET)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > than
