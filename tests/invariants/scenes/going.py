"""Clients that leave, and sessions that end."""

from tests.invariants.scenes.stage import Scene, closing, message, room, scene
from tests.invariants.world import World


@scene()
def leave(world: World) -> Scene:
    _, _, (listener, _) = room(world)
    listener.send("subscribe", topic="questions")
    return message(world, listener, "leaveSession")


@scene()
def end(world: World) -> Scene:
    speaker, session_id, _ = room(world, "es", "fr", "es")
    world.connect(f"action=joinSession&sessionId={session_id}&targetLanguage=de")
    return message(world, speaker, "endSession")


@scene(INLINE_FANOUT_LIMIT="1")
def end_of_many(world: World) -> Scene:
    speaker, _, _ = room(world, "es", "fr", "es")
    return message(world, speaker, "endSession")


@scene()
def disconnect_of_a_listener(world: World) -> Scene:
    _, _, (listener, _) = room(world)
    listener.send("subscribe", topic="questions")
    listener.send("submitRequest", request="sessionReport")
    return closing(world, listener, 1006)


@scene()
def disconnect_of_a_speaker_who_wants_to_end(world: World) -> Scene:
    speaker, _, _ = room(world)
    return closing(world, speaker, 1000)


@scene()
def disconnect_of_a_speaker_who_drops(world: World) -> Scene:
    speaker, _, _ = room(world)
    return closing(world, speaker, 1006)


@scene(SPEAKER_GRACE_SECONDS="0")
def disconnect_of_a_speaker_without_grace(world: World) -> Scene:
    speaker, _, _ = room(world)
    return closing(world, speaker, 1006)


@scene()
def disconnect_of_a_superseded_speaker(world: World) -> Scene:
    speaker, session_id, _ = room(world)
    speaker.send("subscribe", topic="questions")
    world.speaker().send("refreshConnection", sessionId=session_id, role="speaker")
    return closing(world, speaker, 1000)


@scene()
def disconnect_of_nobody(world: World) -> Scene:
    bare = world.connect()
    return closing(world, bare, 1000)
