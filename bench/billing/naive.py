"""The naive design, metered: `bench/peer/sessions.py` with boto3 on the same DynamoDB."""

import importlib
import io
import itertools
import json
import logging
import os
from types import ModuleType
from typing import Any

from bench.billing.capacity import Bill
from bench.billing.logs import LAMBDAS_DEFAULT, written_with
from bench.billing.meter import Meter
from bench.billing.prices import Usage
from bench.cold_start_client import Context
from tests.aws import CREDENTIALS, MotoServer

_SESSION = "golden-eagle-427"


class _Sender:
    """Chalice's `websocket_api`, with a meter instead of sockets."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def send(self, _: str, text: str) -> None:
        self._meter.message(text.encode())

    def close(self, _: str) -> None:
        """Closing is not billed."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None  # Chalice configures it before each event


class Naive:
    """A session of the naive design; every method performs one action and returns its usage."""

    name = "naive"

    def __init__(self, server: MotoServer, suffix: str) -> None:
        names = {label: f"peer-{label}{suffix}" for label in ("connections", "sessions")}
        self._app = _app(server, names)
        definitions = {names[label]: made for label, made in self._app.TABLES.items()}
        for name, definition in definitions.items():
            self._app.dynamodb.meta.client.create_table(TableName=name, **definition)
        bill = Bill(definitions)
        server.follow(
            lambda change: bill.changed(change) if change["table"] in definitions else None
        )
        self._meter = Meter(bill, together=1, lines=written_with(LAMBDAS_DEFAULT))
        self._app.app.websocket_api = _Sender(self._meter)
        self._log = io.StringIO()
        self._app.app.log.handlers = [logging.StreamHandler(self._log)]
        self._watch(self._app.dynamodb.meta.client)
        self._ids = itertools.count(1)
        self._open: list[str] = []

    def speaker_arrives(self) -> Usage:
        self._speaker = self._new()
        used = self._event("connect", self._speaker)
        return used + self._message(
            self._speaker, "createSession", sessionId=_SESSION, sourceLanguage="en"
        )

    def another_session(self) -> None:
        other = self._new()
        self._event("connect", other)
        self._message(other, "createSession", sessionId="calm-river-101", sourceLanguage="en")

    def listener_arrives(self) -> Usage:
        self._open.append(self._new())
        used = self._event("connect", self._open[-1])
        return used + self._message(
            self._open[-1], "joinSession", sessionId=_SESSION, targetLanguage="es"
        )

    def heartbeat(self) -> Usage:
        return self._message(self._open[0], "heartbeat")

    def broadcast(self) -> Usage:
        return self._message(self._speaker, "broadcast", data="x" * 300)

    def status(self) -> Usage:
        return self._event("publish_status")

    def sweep(self) -> Usage:
        return self._event("sweep")

    def listener_leaves(self) -> Usage:
        return self._event("disconnect", self._open.pop())

    def refresh(self) -> Usage:
        """Reconnect: API Gateway closes the socket after two hours, and the client joins again."""
        return self.listener_leaves() + self.listener_arrives()

    def _message(self, connection_id: str, action: str, **fields: Any) -> Usage:
        body = json.dumps({"action": action, **fields})
        self._meter.message(body.encode())
        return self._event("message", connection_id, body)

    def _event(self, function: str, connection_id: str = "", body: str = "") -> Usage:
        where = {
            "connectionId": connection_id,
            "domainName": "local.execute-api.us-east-1.amazonaws.com",
            "stage": "prod",
            "apiId": "local",
            "routeKey": function,
        }
        event: dict[str, Any] = {"requestContext": where, "body": body}
        if not connection_id:
            event = dict.fromkeys(("version", "account", "region", "detail", "detail-type"), "")
            event |= dict.fromkeys(("source", "time", "id", "resources"), "")
        with self._meter.invocation(by_client=bool(connection_id)):
            getattr(self._app, function)(event, Context())
        for line in self._log.getvalue().splitlines():
            self._meter.line(line)
        self._log.truncate(0)
        self._log.seek(0)
        return self._meter.take()

    def _watch(self, client: Any) -> None:
        current: dict[str, Any] = {}

        def before(model: Any, params: dict[str, Any], **_: Any) -> None:
            current["call"] = model.name, json.loads(params["body"])

        def after(http_response: Any, **_: Any) -> None:
            operation, request = current["call"]
            self._meter.database(operation, request, json.loads(http_response.content))

        client.meta.events.register("before-call.dynamodb", before)
        client.meta.events.register("after-call.dynamodb", after)

    def _new(self) -> str:
        return f"L0SM9cOFvHc{next(self._ids):04}="


def _app(server: MotoServer, names: dict[str, str]) -> ModuleType:
    """Return the peer's module, configured for these tables."""
    os.environ.update(CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB=server.endpoint_url)
    os.environ.update(PEER_CONNECTIONS=names["connections"], PEER_SESSIONS=names["sessions"])
    return importlib.reload(importlib.import_module("bench.peer.sessions"))
