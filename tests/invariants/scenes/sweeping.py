"""The schedules."""

from chalicelib import handlers
from tests.invariants.scenes.stage import MINUTE, Scene, alive, drift, room, scene, sweep
from tests.invariants.world import World


@scene()
def sweep_finds_a_silent_listener(world: World) -> Scene:
    speaker, _, (silent, alive) = room(world)
    for _ in range(2):
        world.clock.advance(MINUTE)
        speaker.send("heartbeat")
        alive.send("heartbeat")
    world.sockets.open.pop(silent.connection_id)
    return sweep(world)


@scene()
def sweep_finds_a_silent_speaker(world: World) -> Scene:
    _, _, listeners = room(world)
    for _ in range(2):
        world.clock.advance(MINUTE)
        for listener in listeners:
            listener.send("heartbeat")
    return sweep(world)


@scene(SESSION_MAX_DURATION_HOURS="1")
def sweep_finds_an_expired_session(world: World) -> Scene:
    room(world)
    alive(world, 60, step=90)
    return sweep(world)


@scene()
def sweep_finds_a_grace_whose_job_was_lost(world: World) -> Scene:
    speaker, _, _ = room(world)
    speaker.close(1006)
    world.jobs.waiting.clear()
    world.clock.advance(20)
    return sweep(world)


@scene(CONNECTION_REFRESH_MINUTES="3", CONNECTION_WARNING_MINUTES="3")
def sweep_finds_notices_due(world: World) -> Scene:
    room(world)
    alive(world, 2)
    world.clock.advance(MINUTE)
    return sweep(world)


@scene()
def sweep_finds_an_expired_token(world: World) -> Scene:
    speaker = world.connect(f"role=speaker&token={world.token(ttl=200)}")
    reply = speaker.send("createSession", sourceLanguage="en")
    world.listener(reply["sessionId"])
    alive(world, 4)
    return sweep(world)


@scene()
def publish_status(world: World) -> Scene:
    room(world)
    return Scene(lambda: world.schedule(handlers.publish_status))


@scene()
def reconcile(world: World) -> Scene:
    room(world)
    return Scene(lambda: world.schedule(handlers.reconcile_counts))


@scene()
def reconcile_of_a_drift(world: World) -> Scene:
    drift(world)
    return Scene(lambda: world.schedule(handlers.reconcile_counts), drifted=True)
