"""Defects of the product that are known and not mended yet, by the sentences that show them."""

import re

_SENTENCES = re.compile(
    r"was let in by its handshake, and never heard anything"
    r"|'code': 'INTERNAL_ERROR'.*'action': '(joinSession|refreshConnection)'"
    # A resume that arrives twice on one socket: its transaction names one item twice. In a
    # handshake that is refused then, the clean-up takes the connection of the first.
)


def is_known(problem: str) -> bool:
    """Return whether a broken rule is one of those."""
    return _SENTENCES.search(problem) is not None
