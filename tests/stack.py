"""The whole stack in one thread: real handlers and real tables, sockets and queue in memory.

A test opens clients, lets them talk, moves the clock, and looks at what arrived. Nothing runs by
itself: jobs and stream records wait until the test says so. Every message of the stack is held
against `docs/use/asyncapi.yaml`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

import jwt
from msgspec.structs import replace

from chalicelib import aws as aws_wire
from chalicelib import handlers, wiring
from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId, Millis
from chalicelib.settings import Settings
from chalicelib.stores.attributes import from_attributes, to_attributes
from chalicelib.stores.dynamodb import DynamoDB
from sandbox.dynamodb.tables import Label
from tests.handshakes import connect_parameters
from tests.in_memory import Clock, Context, Jobs, Sockets
from tests.outside import Outside, WatchedDynamoDB
from tests.schemas import check_said

Json = dict[str, Any]
REQUEST_ID = "L0SM9FAHPHcFjnw="
"""Of every event, in API Gateway's form."""


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
        """Send a message and return the reply."""
        return self.send_text(json.dumps({"action": action, **fields}))

    def send_text(self, text: str) -> Json:
        event = {"requestContext": self.stack.where(self, "MESSAGE"), "body": text}
        answer = handlers.message(event, self.stack.context)
        reply: Json = json.loads(answer["body"])
        check_said(reply)
        self.replies.append(reply)
        return reply

    def close(self, code: int | None = 1000, *, lost: bool = False) -> None:
        """Close the socket; `lost` leaves `$disconnect` out, as API Gateway may."""
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
    """The tables of a stack, behind a server or in this process."""

    @property
    def tables(self) -> dict[Label, str]: ...

    @property
    def environ(self) -> dict[str, str]: ...

    @property
    def session_changes(self) -> list[dict[str, Any]]: ...

    @property
    def count_changes(self) -> list[dict[str, Any]]: ...

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
            "RATE_LIMIT_FAILED_JOINS_PER_MINUTE": "100000",
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
            built,
            management=self.sockets,
            jobs=self.jobs,
            replies=self.jobs,
            sleep=lambda _: None,
        )
        self._ids = count(1)
        self.changes_seen = 0
        self.count_changes_seen = 0
        wiring.install(self.services)

    def wire(self) -> DynamoDB:
        """Return the port to DynamoDB."""
        return aws_wire.dynamodb(Settings.from_environ(self.environ), self.environ)

    def token(self, user: str = "anna", tenant: str | None = None, ttl: int = 86_400) -> str:
        claims: Json = {"sub": user, "exp": self.clock.now // 1000 + ttl}
        if tenant is not None:
            claims["tenantId"] = tenant
        return jwt.encode(claims, self.environ["JWT_SECRET"], algorithm="HS256")

    def connect(
        self, query: str = "", *, headers: Json | None = None, address: str = "198.51.100.7"
    ) -> Client:
        """Connect a client. Its socket exists once `$connect` has returned. Raises Refused."""
        client = Client(self, ConnectionId(f"C{next(self._ids)}="), address, self.clock.now)
        self.clients.append(client)
        event = {
            "requestContext": self.where(client, "CONNECT"),
            **connect_parameters(query, headers or {}),
        }
        answer = handlers.connect(event, self.context)
        if answer["statusCode"] != 200:
            raise Refused(answer)
        self.sockets.open[client.connection_id] = []
        return client

    def speaker(self, user: str = "anna", tenant: str | None = None) -> Client:
        return self.connect(f"role=speaker&token={self.token(user, tenant)}")

    def session(self, user: str = "anna", tenant: str | None = None) -> tuple[Client, str]:
        """Return a new speaker and the id of the session that it has created."""
        speaker = self.speaker(user, tenant)
        reply = speaker.send("createSession", sourceLanguage="en")
        return speaker, reply["sessionId"]

    def listener(self, session_id: str, language: str = "es") -> Client:
        client = self.connect()
        reply = client.send("joinSession", sessionId=session_id, targetLanguage=language)
        assert reply["type"] == "sessionJoined", reply
        return client

    def run_jobs(self, *, times: int = 1) -> None:
        """Run every job that is due and the jobs that they send, each `times` times."""
        while due := self.jobs.take_due():
            for body in due * times:
                self.run_job(body)

    def run_job(self, body: Json, *, receives: int = 1) -> None:
        """Run one job, which the queue delivers for the `receives`th time. It must succeed."""
        assert self.try_job(body, receives=receives), self.lines[-1]

    def try_job(self, body: Json, *, receives: int = 1) -> bool:
        """Run a job that may fail. Return False if it failed."""
        attributes = {"ApproximateReceiveCount": str(receives)}
        record = {"messageId": "1", "body": json.dumps(body), "attributes": attributes}
        answer = function_of(body)({"Records": [record]}, self.context)
        return answer == {"batchItemFailures": []}

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.run_jobs()

    def sweep(self) -> Json:
        """Run the minute's sweep and return what it found."""
        return handlers.sweep_connections(self.context)

    def run_changes(self) -> None:
        """Pass the new records of each stream to its handler, as one batch."""
        self.run_session_changes()
        self.run_count_changes()

    def run_session_changes(self) -> None:
        """Pass the new records of the sessions stream to its handler, as one batch."""
        assert self.changes_that_fail() == [], self.lines[-1]
        self.changes_seen = len(self.aws.session_changes)

    def run_count_changes(self) -> None:
        """Pass the new records of the counts stream to its handler, as one batch."""
        seen = len(self.aws.count_changes)
        assert self.count_changes_that_fail() == [], self.lines[-1]
        self.count_changes_seen = seen

    def changes_that_fail(self) -> list[Json]:
        """Pass the sessions stream's new records, but leave them unread. Return the failures."""
        records = self.aws.session_changes[self.changes_seen :]
        return self._failures(handlers.session_changes, records)

    def count_changes_that_fail(self) -> list[Json]:
        """Pass the counts stream's new records, but leave them unread. Return the failures."""
        records = self.aws.count_changes[self.count_changes_seen :]
        return self._failures(handlers.counts_changes, records)

    def _failures(self, handler: Any, records: list[Json]) -> list[Json]:
        failures: list[Json] = []
        if records:
            failures += handler({"Records": records}, self.context)["batchItemFailures"]
        return failures

    def hold(self, table: Any, **key: str) -> None:
        """From now on, until `database.release`, only consistent reads see changes of an item."""
        self.database.hold(self.aws.tables[table], to_attributes(key))

    def where(self, client: Client, event_type: str) -> Json:
        """Return the `requestContext` of an event."""
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

    def delete(self, table: Any, **key: str | int) -> None:
        """Delete an item behind the app's back."""
        request = {"TableName": self.aws.tables[table], "Key": to_attributes(key)}
        self.database.call("DeleteItem", request)

    def change_session(self, session_id: str, **attributes: Any) -> None:
        """Change attributes of a session's item behind the app's back."""
        values = {f":{name}": value for name, value in attributes.items()}
        request = {
            "TableName": self.aws.tables["sessions"],
            "Key": to_attributes({"sessionId": session_id}),
            "UpdateExpression": "SET " + ", ".join(f"{name} = :{name}" for name in attributes),
            "ExpressionAttributeValues": to_attributes(values),
        }
        self.database.call("UpdateItem", request)

    def change_shard(self, session_id: str, number: int, **attributes: Any) -> None:
        """Change attributes of a shard of a session's counts behind the app's back."""
        values = {f":{name}": value for name, value in attributes.items()}
        request = {
            "TableName": self.aws.tables["counts"],
            "Key": to_attributes({"sessionId": session_id, "shard": number}),
            "UpdateExpression": "SET " + ", ".join(f"{name} = :{name}" for name in attributes),
            "ExpressionAttributeValues": to_attributes(values),
        }
        self.database.call("UpdateItem", request)

    def shard(self, session_id: str, number: int) -> Json:
        """Return a shard of a session's counts."""
        (shard,) = (each for each in self.shards(session_id) if each["shard"] == number)
        return shard

    def shards(self, session_id: str) -> list[Json]:
        """Return the shards of a session's counts in their order."""
        found = [each for each in self.items("counts") if each["sessionId"] == session_id]
        return sorted(found, key=lambda each: int(each["shard"]))

    def session_item(self, session_id: str) -> Json:
        item = self.item("sessions", sessionId=session_id)
        assert item is not None
        return item

    def counts(self, session_id: str) -> tuple[int, dict[str, int]]:
        """Return the listeners of a session, in total and by language."""
        languages: Counter[str] = Counter()
        for shard in self.shards(session_id):
            languages.update(shard["languageCounts"])
        total = sum(shard["listenerCount"] for shard in self.shards(session_id))
        return total, dict(+languages)

    def events(self) -> Iterator[Json]:
        return map(json.loads, self.lines)


def function_of(job: Json) -> Callable[[Json, Any], Json]:
    """Return the function whose queue a job is sent to."""
    return handlers.replies if job.get("kind") in ("welcome", "refusal") else handlers.jobs
