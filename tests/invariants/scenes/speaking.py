"""Messages of clients that are in a session."""

from tests.invariants.scenes.stage import MINUTE, Scene, alive, message, room, scene
from tests.invariants.world import World


@scene()
def change_language(world: World) -> Scene:
    _, _, (listener, _) = room(world)
    return message(world, listener, "changeLanguage", targetLanguage="it")


@scene()
def heartbeat(world: World) -> Scene:
    _, _, (listener, _) = room(world)
    world.clock.advance(45)
    return message(world, listener, "heartbeat", wantSeq=True)


@scene(CONNECTION_REFRESH_MINUTES="3", CONNECTION_WARNING_MINUTES="5")
def heartbeat_when_notices_are_due(world: World) -> Scene:
    speaker, _, _ = room(world)
    alive(world, 2)
    world.clock.advance(MINUTE)
    return message(world, speaker, "heartbeat")


@scene(CONNECTION_REFRESH_MINUTES="1", CONNECTION_WARNING_MINUTES="2")
def heartbeat_when_a_warning_is_due(world: World) -> Scene:
    speaker, _, _ = room(world)
    alive(world, 1)
    world.clock.advance(MINUTE)
    return message(world, speaker, "heartbeat")


@scene()
def heartbeat_when_the_token_expires(world: World) -> Scene:
    speaker = world.connect(f"role=speaker&token={world.token(ttl=400)}")
    speaker.send("createSession", sourceLanguage="en")
    alive(world, 4)
    world.clock.advance(MINUTE)
    return message(world, speaker, "heartbeat")


@scene()
def authenticate(world: World) -> Scene:
    speaker, _, _ = room(world)
    return message(world, speaker, "authenticate", token=world.token(ttl=90_000))


@scene()
def recover(world: World) -> Scene:
    speaker, _, (listener, _) = room(world)
    speaker.send("broadcast", data="one")
    return message(world, listener, "recover", lastSeq={"*": 0, "es": 0})


@scene()
def broadcast(world: World) -> Scene:
    speaker, session_id, _ = room(world)
    return message(world, speaker, "broadcast", data={"of": session_id})


@scene()
def broadcast_to_a_language_with_a_ghost(world: World) -> Scene:
    speaker, session_id, (ghost, _) = room(world, "es", "es")
    world.clock.advance(40)
    world.sockets.open.pop(ghost.connection_id)
    return message(world, speaker, "broadcast", data={"of": session_id}, targetLanguage="es")


@scene(INLINE_FANOUT_LIMIT="0")
def broadcast_in_the_background(world: World) -> Scene:
    speaker, session_id, _ = room(world)
    return message(world, speaker, "broadcast", data={"of": session_id})


@scene()
def control(world: World) -> Scene:
    speaker, _, _ = room(world)
    return message(world, speaker, "pauseBroadcast")


@scene(INLINE_FANOUT_LIMIT="0")
def control_in_the_background(world: World) -> Scene:
    speaker, _, _ = room(world)
    return message(world, speaker, "setVolume", volume=0.5)


@scene()
def subscribe(world: World) -> Scene:
    _, _, (listener, _) = room(world)
    return message(world, listener, "subscribe", topic="questions")


@scene()
def unsubscribe(world: World) -> Scene:
    _, _, (listener, _) = room(world)
    listener.send("subscribe", topic="questions")
    return message(world, listener, "unsubscribe", topic="questions")


@scene()
def publish(world: World) -> Scene:
    speaker, session_id, (listener, other) = room(world)
    speaker.send("subscribe", topic="questions")
    other.send("subscribe", topic="questions")
    return message(world, listener, "publish", topic="questions", data={"of": session_id})


@scene()
def submit_request(world: World) -> Scene:
    speaker, _, _ = room(world)
    return message(world, speaker, "submitRequest", request="sessionReport")


@scene()
def cancel_request(world: World) -> Scene:
    speaker, _, _ = room(world)
    reply = speaker.send("submitRequest", request="sessionReport")
    return message(world, speaker, "cancelRequest", requestId=reply["requestId"])


@scene()
def get_status(world: World) -> Scene:
    speaker, _, _ = room(world)
    return message(world, speaker, "getSessionStatus")
