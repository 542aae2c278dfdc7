"""Real threads on one session: whatever comes first, the rules hold, and nobody is lost."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from chalicelib import handlers
from chalicelib.stores.dynamodb import DynamoDB, Operation, Outcome, PreparedCall, in_turn
from tests.invariants import rules
from tests.invariants.memory import Memory
from tests.invariants.world import World
from tests.stack import Client, Refused

ROUNDS = 8
CAPACITY = 5


class Hesitant:
    """A DynamoDB whose calls take a moment, each another one, so that threads get in between."""

    def __init__(self, real: DynamoDB, seed: int) -> None:
        self._real = real
        self._random = Random(seed)

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        time.sleep(self._random.random() / 1000)
        return self._real.call(operation, request)

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        return in_turn(self.call, calls)


@pytest.fixture(params=range(ROUNDS))
def world(request: pytest.FixtureRequest) -> World:
    """A stack for one of several runs: the order in which threads take turns is not ours."""
    memory = Memory.fresh()
    memory = replace(memory, dynamodb=Hesitant(memory.dynamodb, request.param))
    return World(memory, environ={"MAX_LISTENERS_PER_SESSION": str(CAPACITY)})


def at_once(*actions: Callable[[], object]) -> None:
    """Run each action in a thread of its own; all start at nearly the same time."""
    barrier = threading.Barrier(len(actions))
    failures: list[BaseException] = []

    def run(action: Callable[[], object]) -> None:
        barrier.wait()
        try:
            action()
        except Refused:
            pass
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def hold(world: World) -> None:
    """Check the rules, between calls and when all work is done."""
    problems = rules.at_once(world)
    world.settle()
    problems += rules.settled(world)
    assert not problems, "\n".join(problems)


def joining(client: Client, session_id: str, language: str = "es") -> Callable[[], object]:
    return lambda: client.send("joinSession", sessionId=session_id, targetLanguage=language)


def test_no_more_listeners_come_in_than_there_is_room(world: World) -> None:
    _, session_id = world.session()
    clients = [world.connect() for _ in range(3 * CAPACITY)]

    at_once(*(joining(client, session_id) for client in clients))

    told = [client.replies[-1].get("code", "joined") for client in clients]
    assert sorted(told) == ["SESSION_FULL"] * 2 * CAPACITY + ["joined"] * CAPACITY
    hold(world)


def test_who_joins_while_the_session_ends_is_in_nothing_or_told(world: World) -> None:
    speaker, session_id = world.session()
    clients = [world.connect() for _ in range(CAPACITY)]

    at_once(
        *(joining(client, session_id) for client in clients),
        lambda: speaker.send("endSession"),
    )

    hold(world)
    for client in clients:
        joined = client.replies[0]["type"] == "sessionJoined"
        told = "sessionEnded" in [message["type"] for message in world.heard(client)]
        assert joined is told


def test_a_speaker_who_refreshes_while_the_old_socket_closes_keeps_the_session(
    world: World,
) -> None:
    speaker, session_id = world.session()
    world.listener(session_id)
    successor = world.speaker()

    at_once(
        lambda: speaker.close(1006),
        lambda: successor.send("refreshConnection", sessionId=session_id, role="speaker"),
    )

    hold(world)
    session = world.session_item(session_id)
    assert session["isActive"]
    assert session["speakerConnectionId"] == successor.connection_id
    assert "graceDeadline" not in session


def test_a_listener_who_refreshes_while_the_old_socket_closes_is_counted_once(
    world: World,
) -> None:
    _, session_id = world.session()
    listener = world.listener(session_id)
    successor = world.connect()

    at_once(lambda: listener.close(1006), _resuming(listener, successor, session_id))

    hold(world)
    in_session = (successor.item or {}).get("sessionId") == session_id
    assert world.counts(session_id)[0] == (1 if in_session else 0)
    assert in_session or successor.replies[-1]["type"] == "error"


def test_of_two_speakers_who_refresh_one_has_the_session(world: World) -> None:
    _, session_id = world.session()
    first, second = world.speaker(), world.speaker()

    at_once(
        *(
            lambda each=each: each.send("refreshConnection", sessionId=session_id, role="speaker")
            for each in (first, second)
        )
    )

    hold(world)
    holder = world.session_item(session_id)["speakerConnectionId"]
    steering = [each for each in (first, second) if _may_steer(each)]
    assert [each.connection_id for each in steering] == [holder]


def test_of_two_listeners_with_one_resume_token_one_is_counted(world: World) -> None:
    _, session_id = world.session()
    listener = world.listener(session_id)
    others = [world.connect(), world.connect()]

    at_once(*(_resuming(listener, other, session_id) for other in others))

    assert world.counts(session_id) == (1, {"es": 1})
    hold(world)


def test_two_sweeps_and_a_disconnect_clean_up_once(world: World) -> None:
    speaker, session_id = world.session()
    silent = world.listener(session_id)
    world.clock.advance(110)
    speaker.send("heartbeat")
    world.clock.advance(20)
    world.sockets.open.pop(silent.connection_id)

    at_once(
        lambda: handlers.sweep_connections(world.context),
        lambda: handlers.sweep_connections(world.context),
        lambda: silent.disconnect_event(1006),
    )

    assert world.counts(session_id) == (0, {})
    hold(world)


def test_a_change_of_language_while_leaving_leaves_no_count_behind(world: World) -> None:
    _, session_id = world.session()
    listener = world.listener(session_id, "es")

    at_once(
        lambda: listener.send("changeLanguage", targetLanguage="fr"),
        lambda: listener.send("leaveSession"),
    )

    assert world.counts(session_id) == (0, {})
    hold(world)


def test_each_of_many_broadcasts_at_once_has_a_seq_of_its_own(world: World) -> None:
    speaker, session_id = world.session()
    listener = world.listener(session_id)

    at_once(*(_saying(speaker, number) for number in range(8)))

    seqs = sorted(reply["seq"] for reply in speaker.replies if "seq" in reply)
    assert seqs == list(range(1, 9))
    assert sorted(each["seq"] for each in listener.of_type("broadcast")) == seqs
    hold(world)


def _resuming(old: Client, new: Client, session_id: str) -> Callable[[], object]:
    token = old.replies[-1]["resumeToken"]
    return lambda: new.send(
        "joinSession", sessionId=session_id, targetLanguage="es", resumeToken=token
    )


def _saying(speaker: Client, number: int) -> Callable[[], object]:
    return lambda: speaker.send("broadcast", data=number)


def _may_steer(client: Client) -> bool:
    return bool(client.send("muteBroadcast")["type"] == "broadcastStateChanged")
