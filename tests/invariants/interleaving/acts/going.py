"""Clients leave, sockets close, and the speaker ends the session."""

from collections.abc import Callable

from tests.invariants.interleaving.acts.registry import ACTS, Act, Invocation, Place, act, message
from tests.invariants.interleaving.room import Room
from tests.stack import Client, Json

CODES = (1000, 1001, 1006, None)
"""Closed by the client, page left, lost, and unknown."""


@act(Place.LISTENER)
def leave(room: Room, client: Client) -> Invocation:
    room.once(("topic", client.connection_id), lambda: client.send("subscribe", topic="questions"))
    return message(client, "leaveSession")


@act(Place.SPEAKER)
def end(_: Room, client: Client) -> Invocation:
    return message(client, "endSession")


def _close(code: int | None) -> Callable[[Room, Client], Invocation]:
    def prepare(room: Room, client: Client) -> Invocation:
        def run() -> Json:
            room.stage.sockets.drop(client.connection_id)
            return client.disconnect_event(code)

        return Invocation(run, client)

    return prepare


ACTS += [
    Act(f"close of the {place} with {code or 'no code'}", place, _close(code))
    for place in (Place.LISTENER, Place.SPEAKER)
    for code in CODES
]
ACTS += [
    Act(f"close of the {place}", place, _close(1006)) for place in (Place.NEWCOMER, Place.SUCCESSOR)
]
