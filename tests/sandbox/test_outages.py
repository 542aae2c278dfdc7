"""Outages: the effect on each user while a service is down, and the recovery afterwards.

The table in `docs/run/operations.md` says the same in words.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from chalicelib import handlers
from chalicelib.errors import ServiceDown
from chalicelib.stores.dynamodb import DynamoDB, Operation, Outcome, PreparedCall, in_turn
from tests.running import Lectern
from tests.security.watched import Watched
from tests.stack import Refused

PATIENCE = 29.0
"""Seconds after which API Gateway gives up: an error must reach the client before."""
Json = dict[str, Any]


def ask(socket: ClientConnection, action: str, **fields: Any) -> Json:
    """Send a message and return its reply, skipping other messages."""
    socket.send(json.dumps({"action": action, "id": action, **fields}))
    while True:
        message: Json = json.loads(socket.recv(PATIENCE))
        if message.get("id") == action:
            return message


class Room:
    """A session on a running stack: a speaker, a listener, and a client that has not joined."""

    def __init__(self, lectern: Lectern, sockets: ExitStack) -> None:
        self.lectern = lectern
        url = lectern.url
        self.speaker = sockets.enter_context(connect(f"{url}?role=speaker&token={lectern.token()}"))
        self.listener = sockets.enter_context(connect(url))
        self.newcomer = sockets.enter_context(connect(url))
        created = ask(self.speaker, "createSession", sourceLanguage="en")
        self.session_id = created["sessionId"]
        self.joins(self.listener)
        lectern.settle()  # the sessions stream comes a second later

    def joins(self, socket: ClientConnection) -> Json:
        return ask(socket, "joinSession", sessionId=self.session_id, targetLanguage="es")

    def state(self) -> Json:
        """Return every table except the counters of rate limits, which count attempts."""
        state: Json = self.lectern.call("GET", "/_sandbox/state")
        return {label: items for label, items in state.items() if label != "rate_limits"}

    @contextmanager
    def fault(self, target: str, kind: str, **how: float) -> Iterator[None]:
        fault = {"target": target, "fault": kind, **(how or {"rate": 1.0})}
        self.lectern.call("POST", "/_sandbox/faults", json=fault)
        try:
            yield
        finally:
            self.lectern.call("DELETE", "/_sandbox/faults")


@pytest.fixture
def room(run_lectern: Callable[..., Lectern]) -> Iterator[Room]:
    lectern = run_lectern(AWS_TIMEOUT_SECONDS="1", CONNECTION_IDLE_TIMEOUT_SECONDS="3600")
    with ExitStack() as sockets:
        yield Room(lectern, sockets)


@pytest.mark.parametrize("kind", ["throttle", "drop"])
def test_while_the_tables_are_down_every_request_is_refused_with_a_retry_and_changes_nothing(
    room: Room, kind: str
) -> None:
    before = room.state()

    with room.fault("dynamodb", kind):
        replies = [
            ask(room.listener, "heartbeat"),
            room.joins(room.newcomer),
            ask(room.speaker, "broadcast", data={"n": 1}),
            ask(room.speaker, "pauseBroadcast"),
            ask(room.speaker, "submitRequest", request="sessionReport"),
        ]
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(room.lectern.url, open_timeout=PATIENCE),
        ):
            pass

    told = [(each["code"], each["retryAfter"]) for each in replies]
    assert told == [("SERVICE_UNAVAILABLE", 1)] * 5
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["Retry-After"] == "1"
    assert room.state() == before
    # Nobody's socket was closed for it, and all of it can be done now.
    assert room.joins(room.newcomer)["type"] == "sessionJoined"
    assert ask(room.speaker, "broadcast", data={"n": 1})["seq"] == 1
    assert ask(room.speaker, "getSessionStatus")["listenerCount"] == 2


def test_a_table_that_hangs_times_out_before_api_gateway_does(room: Room) -> None:
    with room.fault("dynamodb", "hang", rate=1.0, seconds=5.0):
        assert ask(room.listener, "heartbeat")["code"] == "SERVICE_UNAVAILABLE"


@pytest.mark.parametrize("kind", ["throttle", "error", "drop"])
def test_no_client_notices_a_short_failure_of_the_tables(room: Room, kind: str) -> None:
    with room.fault("dynamodb", kind, times=3):
        assert ask(room.speaker, "broadcast", data={"n": 1})["type"] == "broadcastAccepted"


@pytest.mark.parametrize("kind", ["error", "throttle"])
def test_while_posts_fail_replies_still_arrive_and_no_broadcast_is_lost(
    room: Room, kind: str
) -> None:
    with room.fault("management", kind):
        assert ask(room.listener, "heartbeat")["type"] == "heartbeatAck"
        assert room.joins(room.newcomer)["type"] == "sessionJoined"
        assert ask(room.speaker, "pauseBroadcast")["broadcastState"]["isPaused"] is True
        assert ask(room.speaker, "resumeBroadcast")["broadcastState"]["isPaused"] is False
        assert ask(room.speaker, "broadcast", data={"n": 1})["type"] == "broadcastAccepted"
        assert ask(room.speaker, "getSessionStatus")["listenerCount"] == 2

    behind = ask(room.listener, "heartbeat", wantSeq=True)
    assert behind["lastSeq"]["*"] == 1
    missed = ask(room.listener, "recover", lastSeq={"*": 0})["missed"]
    assert [each["data"] for each in missed] == [{"n": 1}]


def test_posts_that_hang_delay_a_broadcast_by_seconds_only(
    room: Room,
) -> None:
    with room.fault("management", "hang", rate=1.0, seconds=5.0):
        assert ask(room.speaker, "broadcast", data={"n": 1})["type"] == "broadcastAccepted"


def test_without_a_queue_only_actions_that_need_it_are_refused() -> None:
    stack = Watched(INLINE_FANOUT_LIMIT="1", SPEAKER_GRACE_SECONDS="15")
    speaker, session_id = stack.session()
    listeners = [stack.listener(session_id) for _ in range(3)]
    stack.jobs.broken = True
    before = stack.snapshot()

    for query in (
        f"action=joinSession&sessionId={session_id}&targetLanguage=es",
        f"role=speaker&action=createSession&sourceLanguage=en&token={stack.token('bela')}",
    ):
        with pytest.raises(Refused) as refused:
            stack.connect(query)
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
    assert speaker.send("submitRequest", request="sessionReport")["status"] == 503
    after = stack.snapshot()
    assert after["connections"].keys() == before["connections"].keys()
    assert stack.counts(session_id) == (3, {"es": 3})

    joined = stack.connect().send("joinSession", sessionId=session_id, targetLanguage="es")
    assert joined["type"] == "sessionJoined"
    # Too many for one handler: the broadcast has its seq, and is there for who asks.
    assert speaker.send("broadcast", data=1)["seq"] == 1
    assert [len(each.send("recover", lastSeq={"*": 0})["missed"]) for each in listeners] == [1] * 3
    # The job that ends the grace is lost; the sweep ends the session, and the stream tells of it.
    speaker.close(1006)
    stack.clock.advance(20)
    stack.schedule(handlers.sweep_connections)
    stack.run_changes()
    assert stack.session_item(session_id)["isActive"] is False
    assert [len(each.of_type("sessionEnded")) for each in listeners] == [1, 1, 1]


class Without:
    """The stores' port to DynamoDB, where one table is down."""

    def __init__(self, real: DynamoDB, table: str) -> None:
        self._real = real
        self._table = table
        self.down = False

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        if self.down and self._table in json.dumps(request):
            raise ServiceDown("500")
        return self._real.call(operation, request)

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        return in_turn(self.call, calls)


class WithoutLimits(Watched):
    """A stack whose table of rate limits can be taken down."""

    def wire(self) -> DynamoDB:
        self.limits = Without(super().wire(), self.aws.tables["rate_limits"])
        return self.limits


def test_without_the_table_of_rate_limits_joined_clients_continue() -> None:
    stack = WithoutLimits()
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    newcomer = stack.connect()
    stack.limits.down = True

    assert speaker.send("pauseBroadcast")["type"] == "broadcastStateChanged"
    assert speaker.send("resumeBroadcast")["type"] == "broadcastStateChanged"
    assert speaker.send("broadcast", data=1)["type"] == "broadcastAccepted"
    assert len(listener.of_type("broadcast")) == 1
    # A seat is in that table, and so is who was removed: whoever is not in yet has to wait.
    joining = {"sessionId": session_id, "targetLanguage": "es"}
    assert newcomer.send("joinSession", **joining)["code"] == "SERVICE_UNAVAILABLE"
    with pytest.raises(Refused) as refused:
        stack.speaker("bela")
    assert refused.value.status == 503
    stack.connect().send("heartbeat")

    stack.limits.down = False
    assert newcomer.send("joinSession", **joining)["type"] == "sessionJoined"
    assert stack.counts(session_id) == (2, {"es": 2})
