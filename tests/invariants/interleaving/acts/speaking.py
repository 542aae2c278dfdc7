"""Messages of the speaker."""

from tests.invariants.interleaving.acts.registry import Drastic, Invocation, Place, act, message
from tests.invariants.interleaving.room import Room
from tests.stack import Client


@act(Place.SPEAKER)
def broadcast(room: Room, client: Client) -> Invocation:
    return message(client, "broadcast", data=room.said())


@act(Place.SPEAKER)
def broadcast_to_a_language(room: Room, client: Client) -> Invocation:
    return message(client, "broadcast", data=room.said(), targetLanguage="es")


@act(Place.SPEAKER, INLINE_FANOUT_LIMIT="0")
def broadcast_in_the_background(room: Room, client: Client) -> Invocation:
    return message(client, "broadcast", data=room.said())


@act(Place.SPEAKER)
def pause(_: Room, client: Client) -> Invocation:
    return message(client, "pauseBroadcast")


@act(Place.SPEAKER, Drastic.SESSION_IS_PAUSED)
def resume_broadcast(room: Room, client: Client) -> Invocation:
    room.once("paused", lambda: client.send("pauseBroadcast"))
    return message(client, "resumeBroadcast")


@act(Place.SPEAKER)
def set_volume(_: Room, client: Client) -> Invocation:
    return message(client, "setVolume", volume=0.5)


@act(Place.SPEAKER)
def get_status(_: Room, client: Client) -> Invocation:
    return message(client, "getSessionStatus")


@act(Place.SPEAKER)
def authenticate(room: Room, client: Client) -> Invocation:
    return message(client, "authenticate", token=room.stage.token(ttl=90_000))
