"""The whole stack in one thread: real handlers and real tables, sockets and queue in memory.

A test opens clients, lets them talk, moves the clock, and looks at what arrived. Nothing runs by
itself: jobs and stream records wait until the test says so. Every message of the stack is held
against `docs/asyncapi.yaml`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol
from urllib.parse import parse_qsl

import jwt
from msgspec.structs import replace

from chalicelib import aws as aws_wire
from chalicelib import handlers, wiring
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.aws.dispatch import RESERVE
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId, Millis
from chalicelib.errors import Gone, ServiceDown, Throttled
from chalicelib.settings import Settings
from chalicelib.stores.attributes import from_attributes, to_attributes
from chalicelib.stores.dynamodb import DynamoDB
from sandbox.tables import Label
from tests.outside import Outside, WatchedDynamoDB
from tests.schemas import check_said

Json = dict[str, Any]
START = Millis(1_700_000_000_000)
REQUEST_ID = "L0SM9FAHPHcFjnw="
"""Of every event, in API Gateway's form."""


class Clock:
    """A time that moves only when a test says so."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> Millis:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now = Millis(self.now + int(seconds * 1000))


class Sockets:
    """API Gateway's `@connections`, in memory. Those in `slow` take nothing: 429."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self.open: dict[str, list[Json]] = {}
        self.closed: list[str] = []
        self.slow: set[str] = set()

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        self._outside.enter("post")
        if connection_id not in self.open:
            raise Gone("410")
        if connection_id in self.slow:
            raise Throttled("429")
        message = json.loads(data)
        check_said(message)
        self.open[connection_id].append(message)

    def close(self, connection_id: ConnectionId) -> None:
        self._outside.enter("close")
        if self.open.pop(connection_id, None) is None:
            raise Gone("410")
        self.closed.append(connection_id)

    def reach(self) -> None:
        self._outside.enter("reach")

    def fan_out(
        self, posts: Iterable[tuple[ConnectionId, bytes]], remaining: Remaining
    ) -> FanOutResult:
        result = FanOutResult()
        for connection_id, data in posts:
            if remaining() < RESERVE:
                result.unsent.append(connection_id)
                continue
            try:
                self.post(connection_id, data)
                result.delivered += 1
            except Gone:
                result.gone.append(connection_id)
            except Throttled:
                result.slow.append(connection_id)
        return result


class Jobs:
    """The jobs queue, in memory, on the test's clock."""

    def __init__(self, clock: Clock, outside: Outside) -> None:
        self._clock = clock
        self._outside = outside
        self.waiting: list[tuple[int, Json]] = []
        self.broken = False

    def send(self, body: Mapping[str, Any], delay: int = 0) -> None:
        self._outside.enter("send")
        if self.broken:
            raise ServiceDown("the queue is down")
        self.waiting.append((self._clock.now + delay * 1000, json.loads(json.dumps(body))))

    def send_many(self, bodies: Iterable[Mapping[str, Any]], delay: int = 0) -> None:
        for body in bodies:
            self.send(body, delay)

    def depth(self) -> int:
        self._outside.enter("depth")
        if self.broken:
            raise ServiceDown("the queue is down")
        return len(self.waiting)

    def take_due(self) -> list[Json]:
        due = [body for at, body in self.waiting if at <= self._clock.now]
        self.waiting = [entry for entry in self.waiting if entry[0] > self._clock.now]
        return due


@dataclass
class Context:
    """What Lambda tells an invocation of itself."""

    seconds: float = 30.0
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> float:
        return self.seconds * 1000


@dataclass
class Client:
    """One socket, as its user sees it; `connection_id` is for looking behind the scenes."""

    stack: "Stack"
    connection_id: ConnectionId
    address: str
    connected_at: Millis
    replies: list[Json] = field(default_factory=list)

    @property
    def received(self) -> list[Json]:
        return self.stack.sockets.open.get(self.connection_id, [])

    def of_type(self, kind: str) -> list[Json]:
        return [message for message in self.received if message["type"] == kind]

    def send(self, action: str, **fields: Any) -> Json:
        """Sends a message, and answers the reply."""
        return self.send_text(json.dumps({"action": action, **fields}))

    def send_text(self, text: str) -> Json:
        event = {"requestContext": self.stack.where(self, "MESSAGE"), "body": text}
        answer = handlers.message(event, self.stack.context)
        reply: Json = json.loads(answer["body"])
        check_said(reply)
        self.replies.append(reply)
        return reply

    def close(self, code: int | None = 1000, *, lost: bool = False) -> None:
        """Closes the socket; `lost` leaves `$disconnect` out, as API Gateway may."""
        self.stack.sockets.open.pop(self.connection_id, None)
        if not lost:
            self.disconnect_event(code)

    def disconnect_event(self, code: int | None = 1006) -> Json:
        where = self.stack.where(self, "DISCONNECT") | {"disconnectStatusCode": code}
        return handlers.disconnect({"requestContext": where}, self.stack.context)

    @property
    def item(self) -> Json | None:
        return self.stack.item("connections", connectionId=self.connection_id)


class Refused(Exception):  # noqa: N818 - what happened to a handshake
    def __init__(self, answer: Json) -> None:
        super().__init__(f"{answer['statusCode']}: {answer.get('body')}")
        self.status: int = answer["statusCode"]
        self.body: Json = json.loads(answer["body"])
        self.headers: dict[str, str] = answer["headers"]


class Backing(Protocol):
    """Where the tables are: behind a server, in this process, or in DynamoDB Local."""

    @property
    def tables(self) -> dict[Label, str]: ...

    @property
    def environ(self) -> dict[str, str]: ...

    @property
    def session_changes(self) -> list[dict[str, Any]]: ...

    def items(self, label: Label) -> list[dict[str, Any]]: ...


class Stack:
    """Everything, wired; use as many as a test needs."""

    def __init__(self, aws: Backing, **environ: str) -> None:
        self.aws = aws
        self.clients: list[Client] = []
        self.clock = Clock()
        self.outside = Outside()
        self.sockets = Sockets(self.outside)
        self.jobs = Jobs(self.clock, self.outside)
        self.lines: list[str] = []
        self.context = Context()
        limits = {
            "RATE_LIMIT_CONNECTS_PER_MINUTE": "100000",
            "RATE_LIMIT_JOINS_PER_MINUTE": "100000",
            "RATE_LIMIT_SESSIONS_PER_HOUR": "100000",
            "RATE_LIMIT_CONTROLS_PER_SECOND": "100000",
        }
        endpoint = {"API_GATEWAY_ENDPOINT": "http://127.0.0.1:9/local"}
        self.environ = {**aws.environ, **endpoint, **limits, **environ}
        self.database = WatchedDynamoDB(self.wire(), self.outside)
        built = wiring.build(
            self.environ, clock=self.clock, write=self.lines.append, dynamodb=self.database
        )
        self.services: Services = replace(
            built, management=self.sockets, jobs=self.jobs, sleep=lambda _: None
        )
        self._ids = count(1)
        self.changes_seen = 0
        wiring.install(self.services)

    def wire(self) -> DynamoDB:
        """Who carries out DynamoDB's operations."""
        return aws_wire.dynamodb(Settings.from_environ(self.environ), self.environ)

    def token(self, user: str = "anna", tenant: str | None = None, ttl: int = 86_400) -> str:
        claims: Json = {"sub": user, "exp": self.clock.now // 1000 + ttl}
        if tenant is not None:
            claims["tenantId"] = tenant
        return jwt.encode(claims, self.environ["JWT_SECRET"], algorithm="HS256")

    def connect(
        self, query: str = "", *, headers: Json | None = None, address: str = "198.51.100.7"
    ) -> Client:
        """A handshake; the socket exists once `$connect` has returned. Raises Refused."""
        client = Client(self, ConnectionId(f"C{next(self._ids)}="), address, self.clock.now)
        self.clients.append(client)
        event = {
            "requestContext": self.where(client, "CONNECT"),
            "headers": headers or {},
            "queryStringParameters": dict(parse_qsl(query, keep_blank_values=True)) or None,
        }
        answer = handlers.connect(event, self.context)
        if answer["statusCode"] != 200:
            raise Refused(answer)
        self.sockets.open[client.connection_id] = []
        return client

    def speaker(self, user: str = "anna", tenant: str | None = None) -> Client:
        return self.connect(f"role=speaker&token={self.token(user, tenant)}")

    def session(self, user: str = "anna", tenant: str | None = None) -> tuple[Client, str]:
        """A speaker, and the session it has created."""
        speaker = self.speaker(user, tenant)
        reply = speaker.send("createSession", sourceLanguage="en")
        return speaker, reply["sessionId"]

    def listener(self, session_id: str, language: str = "es") -> Client:
        client = self.connect()
        reply = client.send("joinSession", sessionId=session_id, targetLanguage=language)
        assert reply["type"] == "sessionJoined", reply
        return client

    def run_jobs(self, *, times: int = 1) -> None:
        """Runs every job that is due, and those that they make; `times`: as if delivered again."""
        while due := self.jobs.take_due():
            for body in due * times:
                self.run_job(body)

    def run_job(self, body: Json, *, receives: int = 1) -> None:
        """Runs one job, which the queue brings for the `receives`th time."""
        assert self.try_job(body, receives=receives), self.lines[-1]

    def try_job(self, body: Json, *, receives: int = 1) -> bool:
        """The same for one that may fail."""
        attributes = {"ApproximateReceiveCount": str(receives)}
        record = {"messageId": "1", "body": json.dumps(body), "attributes": attributes}
        answer = handlers.jobs({"Records": [record]}, self.context)
        return answer == {"batchItemFailures": []}

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.run_jobs()

    def sweep(self) -> Json:
        """The minute's sweep; answers what it found."""
        return handlers.sweep_connections(self.context)

    def run_changes(self) -> None:
        """Hands what is new in the sessions stream to its handler, as one batch."""
        assert self.changes_that_fail() == [], self.lines[-1]
        self.changes_seen = len(self.aws.session_changes)

    def changes_that_fail(self) -> list[Json]:
        """The same, leaving the batch where it is; answers its `batchItemFailures`."""
        records = self.aws.session_changes[self.changes_seen :]
        failures: list[Json] = []
        if records:
            answer = handlers.session_changes({"Records": records}, self.context)
            failures += answer["batchItemFailures"]
        return failures

    def hold(self, table: Any, **key: str) -> None:
        """From now on, until `database.release`, only consistent reads see changes of an item."""
        self.database.hold(self.aws.tables[table], to_attributes(key))

    def where(self, client: Client, event_type: str) -> Json:
        """The `requestContext` of an event."""
        return {
            "connectionId": client.connection_id,
            "connectedAt": client.connected_at,
            "eventType": event_type,
            "requestId": REQUEST_ID,
            "identity": {"sourceIp": client.address},
        }

    def items(self, table: Any) -> list[Json]:
        return [from_attributes(item) for item in self.aws.items(table)]

    def item(self, table: Any, **key: str) -> Json | None:
        found = [each for each in self.items(table) if key.items() <= each.items()]
        return found[0] if found else None

    def session_item(self, session_id: str) -> Json:
        item = self.item("sessions", sessionId=session_id)
        assert item is not None
        return item

    def counts(self, session_id: str) -> tuple[int, dict[str, int]]:
        """`listenerCount` and the languages that have listeners."""
        item = self.session_item(session_id)
        languages = {name: n for name, n in item["languageCounts"].items() if n}
        return item["listenerCount"], languages

    def events(self) -> Iterator[Json]:
        return map(json.loads, self.lines)
