"""Everything that may happen in a session, as acts."""

from tests.invariants.interleaving.acts import (
    going,
    joining,
    listening,
    operating,
    refreshing,
    speaking,
    upkeep,
    waiting,
)
from tests.invariants.interleaving.acts.registry import ACTS, Act, Drastic, Invocation, Place

_MODULES = (going, joining, listening, operating, refreshing, speaking, upkeep, waiting)
"""Imported for the acts that they register."""

__all__ = ["ACTS", "Act", "Drastic", "Invocation", "Place"]
