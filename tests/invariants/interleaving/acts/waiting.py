"""Jobs. Each may be delivered twice at once."""

from tests.invariants.interleaving.acts.listening import submitted
from tests.invariants.interleaving.acts.registry import Drastic, Invocation, Place, act
from tests.invariants.interleaving.acts.upkeep import mark_ended
from tests.invariants.interleaving.room import Room
from tests.stack import Client, Json


def _run(room: Room, job: Json) -> Invocation:
    return Invocation(lambda: room.stage.receive(job))


def _first_reply(room: Room, client: Client, query: str) -> Invocation:
    name = client.connection_id
    room.once(("opened", name), lambda: room.open(client, query))
    return _run(room, room.once(("welcome", name), lambda: room.job("welcome")))


@act(Place.HANDSHAKE, Drastic.WORK_WAITS)
def first_reply(room: Room, client: Client) -> Invocation:
    query = f"action=joinSession&sessionId={room.session_id}&targetLanguage=de"
    return _first_reply(room, client, query)


@act(Place.HANDSHAKE, Drastic.SPEAKER_RETURNS)
def first_reply_to_a_speaker(room: Room, client: Client) -> Invocation:
    query = f"role=speaker&token={room.stage.token()}&action=refreshConnection"
    return _first_reply(room, client, f"{query}&sessionId={room.session_id}")


@act(Place.LISTENER, Drastic.WORK_WAITS)
def run_request(room: Room, client: Client) -> Invocation:
    submitted(room, client)
    return _run(room, room.once(("run", client.connection_id), lambda: room.job("runRequest")))


@act(Place.NOBODY, Drastic.WORK_WAITS, INLINE_FANOUT_LIMIT="0")
def find_recipients(room: Room, _: None) -> Invocation:
    return _run(room, _fan_out(room))


@act(Place.NOBODY, Drastic.WORK_WAITS, INLINE_FANOUT_LIMIT="0")
def deliver(room: Room, _: None) -> Invocation:
    room.once("found", lambda: room.stage.receive(_fan_out(room)))
    return _run(room, room.once("deliver", lambda: room.job("deliver")))


def _fan_out(room: Room) -> Json:
    room.once("said", lambda: room.speaker.send("broadcast", data=room.said()))
    return room.once("fanOut", lambda: room.job("fanOut"))


@act(Place.NOBODY, Drastic.SPEAKER_IS_AWAY)
def end_of_grace(room: Room, _: None) -> Invocation:
    room.once("away", lambda: room.speaker.close(1006))
    room.once("later", lambda: room.stage.clock.advance(16))
    return _run(room, room.once("grace", lambda: room.job("endOfGrace")))


@act(Place.NOBODY, Drastic.SESSION_HAS_ENDED)
def finish_end(room: Room, _: None) -> Invocation:
    room.once("ended", lambda: mark_ended(room))
    return _run(room, {"kind": "finishEnd", "sessionId": room.session_id})


@act(Place.NOBODY)
def status_tick(room: Room, _: None) -> Invocation:
    return _run(room, {"kind": "statusTick"})
