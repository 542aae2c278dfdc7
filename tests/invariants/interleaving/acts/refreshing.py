"""Clients go on over a new socket."""

from tests.invariants.interleaving.acts.joining import handshake, resume_token
from tests.invariants.interleaving.acts.registry import Invocation, Place, act, message
from tests.invariants.interleaving.room import Room
from tests.stack import Client


@act(Place.NEWCOMER)
def refresh_listener(room: Room, client: Client) -> Invocation:
    return message(
        client,
        "refreshConnection",
        sessionId=room.session_id,
        role="listener",
        targetLanguage="es",
        resumeToken=resume_token(room),
    )


@act(Place.NEWCOMER)
def refresh_listener_without_token(room: Room, client: Client) -> Invocation:
    return message(
        client,
        "refreshConnection",
        sessionId=room.session_id,
        role="listener",
        targetLanguage="fr",
    )


@act(Place.HANDSHAKE)
def refresh_listener_by_url(room: Room, client: Client) -> Invocation:
    query = f"action=refreshConnection&sessionId={room.session_id}&role=listener"
    token = resume_token(room)
    return handshake(room, client, f"{query}&targetLanguage=es&resumeToken={token}")


@act(Place.SUCCESSOR)
def refresh_speaker(room: Room, client: Client) -> Invocation:
    return message(client, "refreshConnection", sessionId=room.session_id, role="speaker")


@act(Place.HANDSHAKE)
def refresh_speaker_by_url(room: Room, client: Client) -> Invocation:
    query = f"role=speaker&token={room.stage.token()}&action=refreshConnection"
    return handshake(room, client, f"{query}&sessionId={room.session_id}")
