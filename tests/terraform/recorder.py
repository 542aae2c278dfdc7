"""A recorder of AWS calls: an HTTP endpoint that records each call and lets moto respond.

It stands where DynamoDB, SQS and @connections are, so it sees what really goes over the wire,
whichever of the stack's wires it is. Calls are noted as what IAM would have to allow.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from email.message import Message
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Needed = tuple[str, str]
"""An IAM action and what it is on: `("dynamodb:Query", "connections/index/tenant-index")`."""

_OF_ITEM = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


class Recorder:
    """Serves on a free port of 127.0.0.1 while it is entered.

    `function` is who is calling just now: functions are driven one at a time. `gone` are the
    connections that a post finds gone; with `refuse_jobs`, no job is taken. `jobs` are the bodies
    of the jobs that were sent.
    """

    def __init__(self, upstream: str, tables: Mapping[str, str]) -> None:
        self.function = "nobody"
        self.seen: dict[str, set[Needed]] = defaultdict(set)
        self.jobs: list[dict[str, Any]] = []
        self.gone: set[str] = set()
        self.refuse_jobs = False
        self._upstream = urlsplit(upstream).netloc
        self._labels = {name: label for label, name in tables.items()}

    def __enter__(self) -> "Recorder":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, headers: Message, body: bytes) -> tuple[int, bytes]:
        """Record a call. Return the status and body of its response."""
        stage, _, connection_id = unquote(path).partition("/@connections/")
        if stage == "/test":
            self._note("execute-api:ManageConnections", method)
            return (410 if connection_id in self.gone else 200), b""
        service, _, operation = headers["X-Amz-Target"].rpartition(".")
        request = json.loads(body)
        if service.startswith("DynamoDB"):
            for action, table in _items(operation, request):
                self._note(f"dynamodb:{action}", self._label(table))
        elif self.refuse_jobs:
            return 400, b'{"__type":"AccessDenied","message":"no"}'
        elif operation == "GetQueueAttributes":
            self._note("sqs:GetQueueAttributes", "jobs")
        else:
            self._note("sqs:SendMessage", self._queue(request["QueueUrl"]))
            bodies = request.get("Entries", [request])
            self.jobs += [json.loads(each["MessageBody"]) for each in bodies]
        return self._forward(headers, body)

    def _queue(self, url: str) -> str:
        return "replies" if url.rpartition("/")[2].startswith("replies") else "jobs"

    def _note(self, action: str, resource: str) -> None:
        self.seen[self.function].add((action, resource))

    def _label(self, table: str) -> str:
        name, _, index = table.partition("/")
        return f"{self._labels[name]}/{index}" if index else self._labels[name]

    def _forward(self, headers: Message, body: bytes) -> tuple[int, bytes]:
        kept = {k: v for k, v in headers.items() if k.lower() not in ("host", "connection")}
        upstream = HTTPConnection(self._upstream, timeout=10)
        upstream.request("POST", "/", body, kept)
        response = upstream.getresponse()
        answer = response.status, response.read()
        upstream.close()
        return answer


def _items(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return what an operation needs: actions and `table` or `table/index/name`."""
    if operation == "TransactWriteItems":
        for item in request["TransactItems"]:
            for kind, write in item.items():
                yield _OF_ITEM[kind], write["TableName"]
    elif "RequestItems" in request:
        for table in request["RequestItems"]:
            yield operation, table
    elif "IndexName" in request:
        yield operation, f"{request['TableName']}/index/{request['IndexName']}"
    else:
        yield operation, request["TableName"]


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = (
            True  # a response is two writes: the second waits 40 ms for an ACK
        )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, answer = recorder.answer(self.command, self.path, self.headers, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_DELETE = do_POST  # noqa: N815 (http.server looks for this name)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler
