"""Messages of listeners."""

from tests.invariants.interleaving.acts.registry import Invocation, Place, act, message
from tests.invariants.interleaving.room import Room
from tests.stack import Client, Json


@act(Place.LISTENER)
def change_language(_: Room, client: Client) -> Invocation:
    return message(client, "changeLanguage", targetLanguage="it")


@act(Place.LISTENER)
def heartbeat(_: Room, client: Client) -> Invocation:
    return message(client, "heartbeat", wantSeq=True)


@act(Place.LISTENER)
def recover(_: Room, client: Client) -> Invocation:
    return message(client, "recover", lastSeq={"*": 0})


@act(Place.LISTENER)
def subscribe(_: Room, client: Client) -> Invocation:
    return message(client, "subscribe", topic="questions")


@act(Place.LISTENER)
def unsubscribe(room: Room, client: Client) -> Invocation:
    _subscribed(room, client)
    return message(client, "unsubscribe", topic="questions")


@act(Place.LISTENER)
def publish(room: Room, client: Client) -> Invocation:
    _subscribed(room, room.listeners[-1])
    return message(client, "publish", topic="questions", data={"of": room.session_id})


@act(Place.LISTENER)
def submit_request(_: Room, client: Client) -> Invocation:
    return message(client, "submitRequest", request="sessionReport")


@act(Place.LISTENER)
def cancel_request(room: Room, client: Client) -> Invocation:
    return message(client, "cancelRequest", requestId=submitted(room, client)["requestId"])


def submitted(room: Room, client: Client) -> Json:
    """Return the reply to a request that the client has submitted before."""
    return room.once(
        ("request", client.connection_id),
        lambda: client.send("submitRequest", request="sessionReport"),
    )


def _subscribed(room: Room, client: Client) -> None:
    room.once(("topic", client.connection_id), lambda: client.send("subscribe", topic="questions"))
