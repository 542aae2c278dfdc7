"""The acts: what each needs to be there, and the invocation that it makes of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from tests.invariants.interleaving.room import Room
from tests.stack import Client, Json


class Place(StrEnum):
    """The kind of client that performs an act. There are two of each but the speaker."""

    LISTENER = "listener"
    NEWCOMER = "newcomer"
    """A listener's socket that is in no session."""
    HANDSHAKE = "handshake"
    """A socket that is being opened."""
    SPEAKER = "speaker"
    SUCCESSOR = "successor"
    """A socket of the speaker's user that is in no session."""
    NOBODY = "nobody"
    """AWS or an operator."""


class Drastic(IntEnum):
    """The state that an act needs. What changes most is prepared last."""

    NOT = 0
    WORK_WAITS = 1
    SESSION_IS_PAUSED = 2
    LISTENER_IS_AWAY = 3
    TIME_HAS_PASSED = 4
    SPEAKER_IS_AWAY = 5
    SPEAKER_RETURNS = 6
    SESSION_HAS_ENDED = 7


@dataclass(frozen=True)
class Invocation:
    """One run of a handler. `run` returns the reply to the client, or anything else."""

    run: Callable[[], Json | None]
    actor: Client | None = None


Prepare = Callable[[Room, Any], Invocation]


@dataclass(frozen=True)
class Act:
    """Something that may happen in a session."""

    name: str
    place: Place
    prepare: Prepare
    """Makes the room ready, and returns the invocation. Gets the room and the acting client."""
    drastic: Drastic = Drastic.NOT
    environ: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


ACTS: list[Act] = []


def act(
    place: Place, drastic: Drastic = Drastic.NOT, **environ: str
) -> Callable[[Prepare], Prepare]:
    """Register an act, by the name of the function that prepares it."""

    def add(prepare: Prepare) -> Prepare:
        name = prepare.__name__.replace("_", " ")
        ACTS.append(Act(name, place, prepare, drastic, environ))
        return prepare

    return add


def message(client: Client, action: str, **fields: object) -> Invocation:
    """Return the handling of a client's message."""
    return Invocation(lambda: client.send(action, **fields), client)
