"""The parts of a scene: the state before, the one invocation, and its client."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from chalicelib import handlers
from tests.invariants.world import World
from tests.stack import Client, Json

MINUTE = 60
UNTIL_THE_END = 2
"""Calls of `endSession` up to the update that marks the session, and that update."""


@dataclass
class Scene:
    """`act` is one invocation (a message, a handshake, an event, a job, a schedule)."""

    act: Callable[[], object]
    kind: Literal["message", "handshake", "closing", "event"] = "event"
    actor: Client | None = None
    """The client whose message or close it is."""
    drifted: bool = False
    """The counts are wrong to begin with: only in the end they must be right."""


Build = Callable[[World], Scene]


@dataclass(frozen=True)
class Named:
    name: str
    build: Build
    environ: dict[str, str] = field(default_factory=dict)


SCENES: list[Named] = []


def scene(**environ: str) -> Callable[[Build], Build]:
    """Register a scene; `environ` are its settings."""

    def add(build: Build) -> Build:
        SCENES.append(Named(build.__name__.strip("_"), build, environ))
        return build

    return add


def room(world: World, *languages: str) -> tuple[Client, str, list[Client]]:
    """Create a session with listeners, and finish all work that this causes."""
    speaker, session_id = world.session()
    listeners = [world.listener(session_id, language) for language in languages or ("es", "fr")]
    calm(world)
    return speaker, session_id, listeners


def calm(world: World) -> None:
    world.run_changes()
    world.run_jobs()
    world.run_changes()


def alive(world: World, minutes: int, step: int = MINUTE) -> None:
    """Time goes by, and every client sends its heartbeats; nothing scheduled runs."""
    for _ in range(minutes * MINUTE // step):
        world.clock.advance(step)
        for client in world.clients:
            if world.is_open(client):
                client.send("heartbeat")


def message(world: World, client: Client, action: str, **fields: object) -> Scene:
    return Scene(lambda: world.say(client, action, **fields), "message", client)


def handshake(world: World, query: str) -> Scene:
    return Scene(lambda: world.handshake(query), "handshake")


def resume_token(client: Client) -> str:
    return str(client.replies[-1]["resumeToken"])


def drift(world: World) -> None:
    """Make a count wrong, as no code of ours could leave it."""
    _, session_id, _ = room(world)
    world.expected_lines.add("countsRepaired")
    number = next(each["shard"] for each in world.shards(session_id) if each["listenerCount"])
    request = {
        "TableName": world.aws.tables["counts"],
        "Key": {"sessionId": {"S": session_id}, "shard": {"N": str(number)}},
        "UpdateExpression": "SET listenerCount = listenerCount + :one, languageCounts.it = :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    world.port.call("UpdateItem", request)


def closing(world: World, client: Client, code: int) -> Scene:
    """Return a scene in which a socket has closed and its event is handled."""

    def close() -> Json:
        world.sockets.open.pop(client.connection_id, None)
        return client.disconnect_event(code)

    return Scene(close, "closing", client)


def sweep(world: World) -> Scene:
    return Scene(lambda: world.schedule(handlers.sweep_connections))
