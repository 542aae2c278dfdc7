"""The stack together with what AWS does around it: retries, lost events, schedules, a stream.

A process that dies (`Killed`) or that AWS fails (`Troubles`) leaves work behind; here it comes
again the way it would on AWS, until nothing is left to do.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any

from msgspec.structs import replace

from chalicelib import handlers, wiring
from chalicelib.actions.jobs import MAX_RECEIVES
from chalicelib.errors import UpstreamError
from chalicelib.stores.dynamodb import DynamoDB
from tests.invariants.memory import Memory
from tests.invariants.recorder import Observations, Recorder
from tests.invariants.troubles import TroubledDynamoDB, TroubledJobs, TroubledSockets, Troubles
from tests.outside import Killed
from tests.stack import Client, Json, Refused, Stack, function_of

VISIBILITY_SECONDS = 30
STEP_SECONDS = 45
"""Clients send heartbeats, and schedules come due, in such steps."""
Snapshot = dict[str, dict[str, Json]]
KEYS = {
    "sessions": ("sessionId",),
    "counts": ("sessionId", "shard"),
    "connections": ("connectionId",),
    "subscriptions": ("topicKey", "connectionId"),
    "requests": ("requestId",),
    "history": ("streamKey", "seq"),
    "rate_limits": ("bucket",),
}


class World(Stack):
    """A stack whose sockets remember, whose queue brings back, and whose calls may go wrong."""

    def __init__(
        self, memory: Memory, *, environ: Mapping[str, str] | None = None, seed: int = 0
    ) -> None:
        self.troubles = Troubles()
        self.recorder, self.port = self.observed(memory)
        super().__init__(memory, **(environ or {}))
        self.tables = memory.conditions
        self.tables.clock = self.clock
        self.sockets: TroubledSockets = TroubledSockets(self.outside, self.troubles)
        self.jobs: TroubledJobs = TroubledJobs(self.clock, self.outside, self.troubles)
        self.services = replace(
            self.services,
            management=self.sockets,
            jobs=self.jobs,
            replies=self.jobs,
            pick=Random(seed).randrange,
        )
        self.deliveries = 1
        """How often jobs and stream batches come, even if all went well."""
        self.dead_letters: list[Json] = []
        self.acting: list[Client] = []
        """Clients whose handshake had an action."""
        self.expected_lines: set[str] = set()
        wiring.install(self.services)

    def observed(self, memory: Memory) -> tuple[Observations, DynamoDB]:
        """Return what is seen of the tables, and the port through which it is seen."""
        recorder = Recorder(memory.dynamodb, memory.tables)
        return recorder, recorder

    def wire(self) -> DynamoDB:
        return TroubledDynamoDB(self.port, self.troubles)

    def heard(self, client: Client) -> list[Json]:
        """Everything that ever reached a client: replies, and what was posted."""
        return client.replies + self.sockets.posted.get(client.connection_id, [])

    def is_open(self, client: Client) -> bool:
        return client.connection_id in self.sockets.open

    def connect(
        self, query: str = "", *, headers: Json | None = None, address: str = "198.51.100.7"
    ) -> Client:
        client = super().connect(query, headers=headers, address=address)
        if "action=" in query:
            self.acting.append(client)
        return client

    def handshake(self, query: str) -> Client | None:
        """Try a handshake. Return None if it opened no socket."""
        with suppress(Killed, Refused):
            return self.connect(query)
        return None

    def say(self, client: Client, action: str, **fields: Any) -> Json | None:
        """Send a message. Return None if the process died handling it, or the socket is closed."""
        if not self.is_open(client):
            return None
        with suppress(Killed):
            return client.send(action, **fields)
        return None

    def schedule(self, function: Callable[[Any], object]) -> None:
        """Invoke a scheduled function once. What fails in it is left to the next run."""
        with suppress(UpstreamError):
            function(self.context)

    def snapshot(self) -> Snapshot:
        """Return every item of every table, by its key."""
        return {
            label: {"|".join(str(item[name]) for name in names): item for item in self.items(label)}
            for label, names in KEYS.items()
        }

    def run_jobs(self, *, times: int = 1) -> None:
        """Run the jobs that are due, and those that become due; failed ones come again later."""
        while (body := self.jobs.take_one()) is not None:
            for _ in range(times * self.deliveries):
                self.receive(body)

    def run_changes(self) -> None:
        """Handle new records of each stream as one batch; a failed one comes again."""
        handler, changes = handlers.session_changes, self.recorder.changes
        self.changes_seen = self._run_batch(handler, changes, self.changes_seen)
        handler, changes = handlers.counts_changes, self.recorder.count_changes
        self.count_changes_seen = self._run_batch(handler, changes, self.count_changes_seen)

    def _run_batch(
        self, handler: Callable[[Any, Any], Json], changes: Sequence[Json], seen: int
    ) -> int:
        """Return the number of records that are handled by now."""
        records = changes[seen:]
        if not records:
            return seen
        for _ in range(self.deliveries):
            answer = handler({"Records": records}, self.context)
        failed = [int(each["itemIdentifier"]) for each in answer["batchItemFailures"]]
        return min(failed) - 1 if failed else seen + len(records)

    def settle(self) -> None:
        """Run everything that AWS triggers, on a clock that advances, until nothing is left."""
        self.troubles.end()
        for _ in range(4):
            self.drain()
            self.clock.advance(STEP_SECONDS)
            for client in [each for each in self.clients if self.is_open(each)]:
                client.send("heartbeat")
            self.schedule(handlers.sweep_connections)
        self.drain()
        self.schedule(handlers.reconcile_counts)
        self.clock.advance(STEP_SECONDS)
        self.drain()

    def drain(self) -> None:
        """Run what is due now, and what comes of it, until nothing is left."""
        for _ in range(20):
            self._disconnect_closed()
            self.run_jobs()
            self.run_changes()
            if not self._is_left():
                return
        raise AssertionError("work makes ever more work")

    def _is_left(self) -> bool:
        new = len(self.recorder.changes) > self.changes_seen
        new |= len(self.recorder.count_changes) > self.count_changes_seen
        return new or bool(self.sockets.closing) or self.jobs.is_due()

    def _disconnect_closed(self) -> None:
        """Send API Gateway's event for the sockets that the stack has closed."""
        closing, self.sockets.closing = set(self.sockets.closing), []
        for client in self.clients:
            if client.connection_id in closing:
                assert client.disconnect_event(1000) == {"statusCode": 200}

    def receive(self, body: Json) -> None:
        """Deliver one message once."""
        body = dict(body)
        receives = body.pop("receives", 1)
        attributes = {"ApproximateReceiveCount": str(receives)}
        record = {"messageId": "1", "body": json.dumps(body), "attributes": attributes}
        try:
            failed = function_of(body)({"Records": [record]}, self.context)["batchItemFailures"]
        except Killed:
            self._again(body, receives)
            raise
        if failed:
            self._again(body, receives)

    def _again(self, body: Json, receives: int) -> None:
        if receives >= MAX_RECEIVES:
            self.dead_letters.append(body)
            return
        at = self.clock.now + VISIBILITY_SECONDS * 1000
        self.jobs.waiting.append((at, {**body, "receives": receives + 1}))
