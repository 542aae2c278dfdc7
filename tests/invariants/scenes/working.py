"""Jobs of every kind, and the stream."""

from chalicelib import handlers
from tests.invariants.scenes.stage import MINUTE, UNTIL_THE_END, Scene, drift, room, scene
from tests.invariants.world import World


@scene(INLINE_FANOUT_LIMIT="1")
def job_finish_end(world: World) -> Scene:
    speaker, _, _ = room(world, "es", "fr", "es")
    speaker.send("endSession")
    return Scene(world.run_jobs)


@scene()
def job_sweep(world: World) -> Scene:
    room(world)
    world.clock.advance(3 * MINUTE)
    world.jobs.waiting.append((world.clock.now, {"kind": "sweep", "segment": 0, "after": None}))
    return Scene(world.run_jobs)


@scene()
def job_close_due(world: World) -> Scene:
    room(world)
    world.clock.advance(2 * MINUTE - 30)
    world.schedule(handlers.sweep_connections)
    world.clock.advance(30)
    return Scene(world.run_jobs)


@scene(INLINE_FANOUT_LIMIT="0")
def job_fan_out(world: World) -> Scene:
    speaker, session_id, _ = room(world)
    speaker.send("broadcast", data={"of": session_id})
    (job,) = world.jobs.take_due()
    return Scene(lambda: world.receive(job))


@scene(INLINE_FANOUT_LIMIT="0")
def job_deliver(world: World) -> Scene:
    speaker, session_id, _ = room(world)
    speaker.send("broadcast", data={"of": session_id})
    (fan_out,) = world.jobs.take_due()
    world.receive(fan_out)
    (job,) = world.jobs.take_due()
    return Scene(lambda: world.receive(job))


@scene()
def job_run_request(world: World) -> Scene:
    speaker, _, _ = room(world)
    speaker.send("submitRequest", request="sessionReport")
    return Scene(world.run_jobs)


@scene()
def job_status_tick(world: World) -> Scene:
    room(world)
    world.jobs.waiting.append((world.clock.now, {"kind": "statusTick"}))
    return Scene(world.run_jobs)


@scene()
def job_welcome_of_a_listener(world: World) -> Scene:
    speaker, session_id, _ = room(world)
    world.connect(f"action=joinSession&sessionId={session_id}&targetLanguage=de")
    speaker.send("broadcast", data={"of": session_id})
    return Scene(world.run_jobs)


@scene()
def job_welcome_of_a_speaker(world: World) -> Scene:
    world.connect(f"role=speaker&token={world.token()}&action=createSession&sourceLanguage=en")
    return Scene(world.run_jobs)


@scene()
def job_welcome_when_the_session_has_ended(world: World) -> Scene:
    speaker, session_id, _ = room(world)
    world.connect(f"action=joinSession&sessionId={session_id}&targetLanguage=de")
    speaker.send("endSession")
    return Scene(world.run_jobs)


@scene()
def job_end_of_grace(world: World) -> Scene:
    speaker, _, _ = room(world)
    speaker.close(1006)
    world.clock.advance(16)
    return Scene(world.run_jobs)


@scene()
def stream_of_joins(world: World) -> Scene:
    _, session_id = world.session()
    world.listener(session_id)
    return Scene(world.run_changes)


@scene()
def stream_of_an_end(world: World) -> Scene:
    """Handle the stream record of an end whose handler died right after the update."""
    speaker, _, _ = room(world)
    with world.outside.killed_after(UNTIL_THE_END):
        world.say(speaker, "endSession")
    return Scene(world.run_changes)


@scene()
def job_repair_counts(world: World) -> Scene:
    drift(world)
    handlers.reconcile_counts(world.context)
    world.clock.advance(10)
    return Scene(world.run_jobs, drifted=True)
