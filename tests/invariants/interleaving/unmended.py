"""Defects of the product that are known and not mended yet, by the sentences that show them."""

import re

_SENTENCES = re.compile(
    r"was let in by its handshake, and never heard anything"
    # The first reply is not sent if the place has fallen to another socket (PROTOCOL 1.2).
    r"|'code': 'INTERNAL_ERROR'.*'action': '(joinSession|refreshConnection)'"
    # A resume that arrives twice on one socket: its transaction names one item twice.
)


def is_known(problem: str) -> bool:
    """Return whether a broken rule is one of those."""
    return _SENTENCES.search(problem) is not None
