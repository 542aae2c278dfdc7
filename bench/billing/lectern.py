"""Lectern, metered: its handlers with an in-memory DynamoDB, sockets and queue."""

import json
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from bench.billing.capacity import Bill
from bench.billing.logs import APPLIED, written_with
from bench.billing.meter import Meter
from bench.billing.prices import Usage
from chalicelib import handlers, wiring
from chalicelib.actions.ports import Remaining
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId
from chalicelib.protocol.jobs import Job
from sandbox.dynamodb.tables import read_tables
from tests.aws import MotoServer
from tests.in_memory import Jobs, Sockets
from tests.stack import Client, Stack

HEARTBEAT_SECONDS = 50
_TOGETHER = 32
"""The setting `FANOUT_CONCURRENCY`."""


class _Posts:
    """The sockets, with a meter on posts."""

    def __init__(self, sockets: Sockets, meter: Meter) -> None:
        self._sockets = sockets
        self._meter = meter

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        self._meter.message(data)
        self._sockets.open[connection_id].append(json.loads(data))

    def close(self, connection_id: ConnectionId) -> None:
        self._sockets.close(connection_id)

    def reach(self) -> None:
        """Not used here."""

    def fan_out(self, posts: Iterable[tuple[ConnectionId, bytes]], _: Remaining) -> FanOutResult:
        result = FanOutResult()
        for connection_id, data in posts:
            self.post(connection_id, data)
            result.delivered += 1
        return result


class _Queue:
    """The jobs queue, with a meter on jobs."""

    def __init__(self, jobs: Jobs, meter: Meter) -> None:
        self._jobs = jobs
        self._meter = meter

    def send(self, job: Job, delay: int = 0) -> None:
        self._meter.job()
        self._jobs.send(job, delay)

    def send_many(self, jobs: Iterable[Job], delay: int = 0) -> None:
        for job in jobs:
            self.send(job, delay)

    def depth(self) -> int:
        self._meter.job()
        return self._jobs.depth()


class Lectern:
    """A session of Lectern; every method performs one action and returns its usage."""

    name = "Lectern"

    def __init__(self, server: MotoServer, suffix: str) -> None:
        aws = server.fresh(suffix)
        definitions = {aws.tables[label]: table.request for label, table in read_tables().items()}
        bill = Bill(definitions)
        server.follow(
            lambda change: bill.changed(change) if change["table"] in definitions else None
        )
        self._meter = Meter(bill, _TOGETHER, written_with(APPLIED))
        self._stack = stack = Stack(aws)
        stack.database.on_answer = self._meter.database
        services = replace(
            stack.services,
            management=_Posts(stack.sockets, self._meter),
            jobs=_Queue(stack.jobs, self._meter),
            replies=_Queue(stack.jobs, self._meter),
        )
        wiring.install(services)
        self._lines = 0
        self._listeners: list[Client] = []
        self._join = "role=listener&action=joinSession&targetLanguage=es&sessionId="

    def speaker_arrives(self) -> Usage:
        query = "role=speaker&action=createSession&sourceLanguage=en&token=" + self._stack.token()
        with self._meter.invocation(by_client=True):
            self._speaker = self._stack.connect(query)
        used = self._settled()
        created = self._speaker.of_type("sessionCreated")[0]
        self._join += created["sessionId"]
        return used

    def another_session(self) -> None:
        """Create another session, by another speaker, without listeners."""
        speaker = self._stack.speaker("berta")
        speaker.send("createSession", sourceLanguage="en")
        self._settled()

    def listener_arrives(self) -> Usage:
        with self._meter.invocation(by_client=True):
            self._listeners.append(self._stack.connect(self._join))
        return self._settled()

    def heartbeat(self) -> Usage:
        """Send a heartbeat one interval after the last."""
        self._stack.clock.advance(HEARTBEAT_SECONDS)
        return self._message(self._listeners[0], "heartbeat")

    def broadcast(self) -> Usage:
        self._stack.clock.advance(1)
        return self._message(self._speaker, "broadcast", data="x" * 300)

    def status(self) -> Usage:
        """Run a minute's schedule: the speakers' statuses, now and 30 s later."""
        self._stack.clock.advance(1)
        with self._meter.invocation(by_client=False):
            handlers.publish_status(self._stack.context)
        self._stack.clock.advance(30)
        return self._settled()

    def sweep(self) -> Usage:
        """Run the sweep; no connection is silent."""
        for client in (self._speaker, *self._listeners):
            client.send("heartbeat")
        self._settled()
        with self._meter.invocation(by_client=False):
            self._stack.sweep()
        return self._settled()

    def listener_leaves(self) -> Usage:
        with self._meter.invocation(by_client=True):
            self._listeners.pop().close()
        return self._settled()

    def refresh(self) -> Usage:
        """Move a listener to a new socket, as every 100 minutes."""
        old = self._listeners.pop()
        token = old.of_type("sessionJoined")[0]["resumeToken"]
        session_id = self._join.rpartition("=")[2]
        query = f"role=listener&action=refreshConnection&sessionId={session_id}&targetLanguage=es"
        with self._meter.invocation(by_client=True):
            self._listeners.append(self._stack.connect(f"{query}&resumeToken={token}"))
        used = self._settled()
        with self._meter.invocation(by_client=True):
            old.close()
        return used + self._settled()

    def _message(self, client: Client, action: str, **fields: Any) -> Usage:
        body = json.dumps({"action": action, **fields})
        self._meter.message(body.encode())
        event = {"requestContext": self._stack.where(client, "MESSAGE"), "body": body}
        with self._meter.invocation(by_client=True):
            reply = handlers.message(event, self._stack.context)
        self._meter.message(reply["body"].encode())
        return self._settled()

    def _run_changes(self) -> None:
        """Run the batches of both streams, until they cause no other."""
        stack = self._stack
        while len(stack.aws.session_changes) > stack.changes_seen:
            with self._meter.invocation(by_client=False):
                stack.run_session_changes()
        while len(stack.aws.count_changes) > stack.count_changes_seen:
            with self._meter.invocation(by_client=False):
                stack.run_count_changes()

    def _settled(self) -> Usage:
        """Return the usage, with that of the jobs and the stream batch that followed."""
        while due := self._stack.jobs.take_due():
            for body in due:
                with self._meter.invocation(by_client=False):
                    self._stack.run_job(body)
        self._run_changes()
        for line in self._stack.lines[self._lines :]:
            self._meter.line(line)
        self._lines = len(self._stack.lines)
        return self._meter.take()
