"""New ids: names that can be said aloud for sessions, unguessable numbers for participants."""

from collections.abc import Callable

from chalicelib.domain.types import SessionId
from chalicelib.domain.words import ADJECTIVES, NOUNS

PickBelow = Callable[[int], int]
"""Answers a uniformly random whole number from 0 up to, not including, its argument.

`random.SystemRandom().randrange` and `secrets.randbelow` are such.
"""


def session_id(pick: PickBelow) -> SessionId:
    """A name like `golden-eagle-427` (PROTOCOL 3), one of more than 50 million.

    It is an address, not a secret, and it may be taken: the caller writes it under the condition
    that it is new, and asks for another one when it is not.
    """
    adjective = ADJECTIVES[pick(len(ADJECTIVES))]
    noun = NOUNS[pick(len(NOUNS))]
    return SessionId(f"{adjective}-{noun}-{pick(1000):03d}")


def participant_id(pick: PickBelow) -> str:
    """128 random bits as 32 hexadecimal digits: one listener, whatever connection it is on."""
    return f"{pick(1 << 128):032x}"
