"""Schedules and the streams."""

from collections.abc import Callable
from typing import Any

from chalicelib import handlers
from chalicelib.domain.types import SessionId
from tests.invariants.interleaving.acts.registry import Drastic, Invocation, Place, act
from tests.invariants.interleaving.room import Room


def _scheduled(room: Room, handler: Callable[[Any], object]) -> Invocation:
    return Invocation(lambda: room.stage.schedule(handler))


def _stream(room: Room, handler: Callable[[Any, Any], Any], name: str) -> Invocation:
    """Return the handling of what a stream has; a record that fails comes again with the rest."""
    stage, seen_name = room.stage, f"{name}_seen"
    start = getattr(stage, seen_name)
    records = getattr(stage.recorder, name)[start:]
    assert records

    def run() -> None:
        failures = handler({"Records": records}, stage.context)
        failed = [int(each["itemIdentifier"]) for each in failures["batchItemFailures"]]
        seen = min(failed) - 1 if failed else start + len(records)
        setattr(stage, seen_name, max(getattr(stage, seen_name), seen))

    return Invocation(run)


@act(Place.NOBODY)
def sweep(room: Room, _: None) -> Invocation:
    return _scheduled(room, handlers.sweep_connections)


@act(Place.NOBODY, Drastic.TIME_HAS_PASSED)
def sweep_of_a_silent_listener(room: Room, _: None) -> Invocation:
    stage, silent = room.stage, room.listeners[0]
    for _minute in range(3):
        stage.clock.advance(55)
        for client in stage.clients:
            if client is not silent and stage.is_open(client):
                client.send("heartbeat")
    return _scheduled(room, handlers.sweep_connections)


@act(Place.NOBODY)
def publish_status(room: Room, _: None) -> Invocation:
    return _scheduled(room, handlers.publish_status)


@act(Place.NOBODY)
def reconcile(room: Room, _: None) -> Invocation:
    return _scheduled(room, handlers.reconcile_counts)


@act(Place.NOBODY, Drastic.WORK_WAITS)
def stream_of_joins(room: Room, _: None) -> Invocation:
    room.once("counted", lambda: room.listeners[2].send("changeLanguage", targetLanguage="pt"))
    return _stream(room, handlers.counts_changes, "count_changes")


@act(Place.NOBODY, Drastic.SESSION_HAS_ENDED)
def stream_of_an_end(room: Room, _: None) -> Invocation:
    room.once("ended", lambda: mark_ended(room))
    return _stream(room, handlers.session_changes, "changes")


def mark_ended(room: Room) -> None:
    """Let a process die right after the update that ends the session."""
    now = room.stage.clock.now
    assert room.stage.services.sessions.end(SessionId(room.session_id), "endedByOperator", now)
