"""Sessions are created and joined, and listeners come back with their resume tokens."""

from tests.invariants.interleaving.acts.registry import Drastic, Invocation, Place, act, message
from tests.invariants.interleaving.room import Room
from tests.stack import Client


def resume_token(room: Room) -> str:
    """Return the token of the first listener."""
    return str(room.listeners[0].replies[0]["resumeToken"])


def handshake(room: Room, client: Client, query: str) -> Invocation:
    """Return the handling of a `$connect`."""
    return Invocation(lambda: room.open(client, query), client)


@act(Place.SUCCESSOR)
def create(_: Room, client: Client) -> Invocation:
    return message(client, "createSession", sourceLanguage="en")


@act(Place.HANDSHAKE)
def create_by_url(room: Room, client: Client) -> Invocation:
    token = room.stage.token()
    query = f"role=speaker&token={token}&action=createSession&sourceLanguage=en"
    return handshake(room, client, query)


@act(Place.NEWCOMER)
def join(room: Room, client: Client) -> Invocation:
    return message(client, "joinSession", sessionId=room.session_id, targetLanguage="es")


@act(Place.NEWCOMER, MAX_LISTENERS_PER_SESSION="4")
def join_the_last_seat(room: Room, client: Client) -> Invocation:
    return join(room, client)


@act(Place.HANDSHAKE)
def join_by_url(room: Room, client: Client) -> Invocation:
    query = f"action=joinSession&sessionId={room.session_id}&targetLanguage=de"
    return handshake(room, client, query)


@act(Place.NEWCOMER)
def resume(room: Room, client: Client) -> Invocation:
    return message(
        client,
        "joinSession",
        sessionId=room.session_id,
        targetLanguage="es",
        resumeToken=resume_token(room),
        lastSeq={"*": 0},
    )


@act(Place.NEWCOMER)
def resume_in_another_language(room: Room, client: Client) -> Invocation:
    return message(
        client,
        "joinSession",
        sessionId=room.session_id,
        targetLanguage="it",
        resumeToken=resume_token(room),
    )


@act(Place.HANDSHAKE)
def resume_by_url(room: Room, client: Client) -> Invocation:
    query = f"action=joinSession&sessionId={room.session_id}&targetLanguage=es"
    return handshake(room, client, f"{query}&resumeToken={resume_token(room)}")


@act(Place.NEWCOMER, Drastic.LISTENER_IS_AWAY)
def resume_after_a_close(room: Room, client: Client) -> Invocation:
    room.once("closed", lambda: room.listeners[0].close(1006))
    return resume(room, client)
