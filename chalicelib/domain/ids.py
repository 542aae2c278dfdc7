"""New ids: names that can be read out for sessions, unguessable numbers for participants."""

from collections.abc import Callable

from chalicelib.domain.types import SessionId
from chalicelib.domain.words import ADJECTIVES, NOUNS

PickBelow = Callable[[int], int]
"""Returns a uniformly random whole number from 0 up to, not including, its argument.

Examples are `random.SystemRandom().randrange` and `secrets.randbelow`.
"""


def session_id(pick: PickBelow) -> SessionId:
    """Return a name like `golden-eagle-427` (PROTOCOL 3), one of more than 50 million.

    It is an address, not a secret, and it may be taken: the caller writes it under the condition
    that it is new, and picks another one if it is not.
    """
    adjective = ADJECTIVES[pick(len(ADJECTIVES))]
    noun = NOUNS[pick(len(NOUNS))]
    return SessionId(f"{adjective}-{noun}-{pick(1000):03d}")


def participant_id(pick: PickBelow) -> str:
    """Return a participant id: 128 random bits as 32 hexadecimal digits."""
    return f"{pick(1 << 128):032x}"
