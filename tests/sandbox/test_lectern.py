"""The real app in the sandbox: sockets, jobs, stream, schedules and faults together."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from sandbox.conditions.faults import Fault, Kind, Target
from tests.running import PATIENCE, Lectern


class Client:
    """A client of the protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def recv(self, kind: str) -> dict[str, Any]:
        """Return the next message of that type, skipping others."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(PATIENCE))
            if message["type"] == kind:
                return message

    def failed(self) -> None:
        """Wait for API Gateway's own error for a handler that failed."""
        while json.loads(self.socket.recv(PATIENCE)) != {"message": "Internal server error"}:
            pass

    def send(self, action: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"action": action, **fields}))


@contextlib.contextmanager
def _client(lectern: Lectern, query: str) -> Iterator[Client]:
    with connect(f"{lectern.url}?{query}", compression=None) as socket:
        yield Client(socket)


@contextlib.contextmanager
def _session(lectern: Lectern) -> Iterator[tuple[Client, str]]:
    query = f"role=speaker&action=createSession&sourceLanguage=en&token={lectern.token()}"
    with _client(lectern, query) as speaker:
        yield speaker, speaker.recv("sessionCreated")["sessionId"]


def _join(session_id: str, language: str) -> str:
    return f"role=listener&action=joinSession&sessionId={session_id}&targetLanguage={language}"


@contextlib.contextmanager
def _listening(lectern: Lectern) -> Iterator[tuple[Client, Client]]:
    with (
        _session(lectern) as (speaker, session_id),
        _client(lectern, _join(session_id, "es")) as listener,
    ):
        listener.recv("sessionJoined")
        lectern.settle()
        yield speaker, listener


def _session_item(lectern: Lectern) -> dict[str, Any]:
    session: dict[str, Any] = lectern.call("GET", "/_sandbox/state")["sessions"][0]
    return session


def test_counts_are_exact_after_half_of_the_listeners_are_cut(lectern: Lectern) -> None:
    with _session(lectern) as (_, session_id), contextlib.ExitStack() as stack:
        listeners = [
            stack.enter_context(_client(lectern, _join(session_id, ["es", "fr"][number % 2])))
            for number in range(20)
        ]
        for listener in listeners:
            listener.recv("sessionJoined")
        for listener in listeners[:10]:
            listener.socket.socket.close()

        # The cuts reach the sandbox when the kernel says so.
        while (session := _session_item(lectern))["listenerCount"] != 10:
            lectern.settle()
        assert session["languageCounts"] == {"es": 5, "fr": 5}


def test_a_silent_socket_is_closed_long_before_an_hour(lectern: Lectern) -> None:
    with _session(lectern) as (speaker, _):
        lectern.sandbox.advance(3600)

        speaker.recv("connectionTimeout")
    lectern.settle()
    assert lectern.call("GET", "/_sandbox/state")["connections"] == []


def test_metrics_are_shown(lectern: Lectern) -> None:
    with _session(lectern):
        lectern.sandbox.advance(60)

    assert any("_aws" in each for each in lectern.call("GET", "/_sandbox/metrics"))
    assert not any("_aws" in line for line in lectern.lines)


def test_the_users_settings_take_precedence(run_lectern: Callable[..., Lectern]) -> None:
    lectern = run_lectern(MAX_LISTENERS_PER_SESSION="1")
    with _session(lectern) as (_, session_id), _client(lectern, _join(session_id, "es")) as first:
        first.recv("sessionJoined")
        with pytest.raises(InvalidStatus) as refused:
            connect(f"{lectern.url}?{_join(session_id, 'es')}").__enter__()

    assert refused.value.response.status_code == 503


def _arm(lectern: Lectern, kind: Kind, **options: Any) -> None:
    lectern.sandbox.faults.add(
        Fault(**{"target": Target.DYNAMODB, "kind": kind, "times": 1, **options})
    )


def test_a_call_carried_out_twice_counts_once(lectern: Lectern) -> None:
    with _session(lectern) as (_, session_id):
        _arm(lectern, Kind.DUPLICATE, operation="TransactWriteItems")
        with _client(lectern, _join(session_id, "es")) as listener:
            listener.recv("sessionJoined")
            session = lectern.call("GET", "/_sandbox/state")["sessions"][0]

    assert session["listenerCount"] == 1


def test_the_state_includes_what_clients_have_sent(lectern: Lectern) -> None:
    with _session(lectern) as (_, session_id):
        with _client(lectern, _join(session_id, "es")) as listener:
            listener.recv("sessionJoined")
            lectern.settle()
            _arm(lectern, Kind.DELAY, operation="TransactWriteItems", seconds=0.3)
        session = lectern.call("GET", "/_sandbox/state")["sessions"][0]

    assert session["listenerCount"] == 0


def test_the_stream_completes_the_work_of_a_killed_handler(lectern: Lectern) -> None:
    with _listening(lectern) as (speaker, listener):
        _arm(lectern, Kind.KILL, operation="UpdateItem")
        speaker.send("endSession")
        speaker.failed()

        lectern.settle()

        assert listener.recv("sessionEnded")
    lectern.settle()
    assert lectern.call("GET", "/_sandbox/state")["connections"] == []


def test_a_handler_is_killed_between_its_posts(lectern: Lectern) -> None:
    with _listening(lectern) as (speaker, listener):
        _arm(lectern, Kind.KILL, target=Target.MANAGEMENT, operation="POST")
        speaker.send("broadcast", data={"text": "hello"})

        speaker.failed()
        assert listener.recv("broadcast")["data"] == {"text": "hello"}
