"""Clients that join: by message, by URL, anew and with a resume token."""

from tests.invariants.scenes.stage import Scene, handshake, message, resume_token, room, scene
from tests.invariants.world import World


@scene()
def create_by_message(world: World) -> Scene:
    return message(world, world.speaker(), "createSession", sourceLanguage="en")


@scene()
def create_by_url(world: World) -> Scene:
    query = f"role=speaker&token={world.token()}&action=createSession&sourceLanguage=en"
    return handshake(world, query)


@scene()
def join_by_message(world: World) -> Scene:
    _, session_id, _ = room(world)
    return message(world, world.connect(), "joinSession", sessionId=session_id, targetLanguage="de")


@scene()
def join_by_url(world: World) -> Scene:
    _, session_id, _ = room(world)
    return handshake(world, f"action=joinSession&sessionId={session_id}&targetLanguage=de")


@scene(MAX_LISTENERS_PER_SESSION="2")
def join_a_full_session(world: World) -> Scene:
    _, session_id, _ = room(world)
    return handshake(world, f"action=joinSession&sessionId={session_id}&targetLanguage=de")


@scene(MAX_LISTENERS_PER_SESSION="2")
def join_a_full_session_and_be_told_in_band(world: World) -> Scene:
    _, session_id, _ = room(world)
    query = f"action=joinSession&sessionId={session_id}&targetLanguage=de&refusal=message"
    return handshake(world, query)


@scene()
def resume_while_the_old_socket_is_open(world: World) -> Scene:
    _, session_id, (listener, _) = room(world)
    token = resume_token(listener)
    return message(
        world,
        world.connect(),
        "joinSession",
        sessionId=session_id,
        targetLanguage="pt",
        resumeToken=token,
        lastSeq={"*": 0},
    )


@scene()
def resume_after_the_old_socket(world: World) -> Scene:
    _, session_id, (listener, _) = room(world)
    token = resume_token(listener)
    listener.close(1006)
    query = f"action=joinSession&sessionId={session_id}&targetLanguage=es&resumeToken={token}"
    return handshake(world, query)


@scene()
def resume_by_url_while_the_old_socket_is_open(world: World) -> Scene:
    _, session_id, (listener, _) = room(world)
    listener.send("subscribe", topic="questions")
    token = listener.replies[0]["resumeToken"]
    query = f"action=joinSession&sessionId={session_id}&targetLanguage=es&resumeToken={token}"
    return handshake(world, query)


@scene()
def refresh_speaker_by_message(world: World) -> Scene:
    speaker, session_id, _ = room(world)
    speaker.send("subscribe", topic="questions")
    return message(
        world, world.speaker(), "refreshConnection", sessionId=session_id, role="speaker"
    )


@scene()
def refresh_speaker_by_url(world: World) -> Scene:
    _, session_id, _ = room(world)
    query = f"role=speaker&token={world.token()}&action=refreshConnection&sessionId={session_id}"
    return handshake(world, query)


@scene()
def refresh_speaker_in_its_grace(world: World) -> Scene:
    speaker, session_id, _ = room(world)
    speaker.close(1006)
    world.clock.advance(5)
    return message(
        world, world.speaker(), "refreshConnection", sessionId=session_id, role="speaker"
    )


@scene()
def refresh_listener(world: World) -> Scene:
    _, session_id, (listener, _) = room(world)
    token = resume_token(listener)
    listener.send("subscribe", topic="questions")
    return message(
        world,
        world.connect(),
        "refreshConnection",
        sessionId=session_id,
        role="listener",
        targetLanguage="es",
        resumeToken=token,
    )


@scene()
def refresh_listener_by_url_without_a_token(world: World) -> Scene:
    _, session_id, _ = room(world)
    query = f"action=refreshConnection&sessionId={session_id}&role=listener&targetLanguage=es"
    return handshake(world, query)
