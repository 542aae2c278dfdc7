"""The stack's functions, called one at a time as Lambda would, with every AWS call recorded."""

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import jwt
import msgspec
from chalice.app import Request

from chalicelib import handlers, wiring
from chalicelib.domain.types import Millis
from tests.aws import Aws
from tests.handshakes import connect_parameters
from tests.terraform.recorder import Recorder

_START = 1_700_000_000_000


class Driven:
    """One stack: a clock that only `wait` moves, and connections named by the test."""

    def __init__(self, aws: Aws, recorder: Recorder) -> None:
        self.aws, self.recorder = aws, recorder
        self._now = _START
        self._connected: dict[str, int] = {}
        self._addresses = itertools.count(1)
        self._secret = aws.environ["JWT_SECRET"]
        self.set()

    def set(self, **settings: str) -> None:
        """Rebuild the stack with other settings."""
        endpoints = {
            "AWS_ENDPOINT_URL_DYNAMODB": self.recorder.url,
            "AWS_ENDPOINT_URL_SQS": self.recorder.url,
            "API_GATEWAY_ENDPOINT": f"{self.recorder.url}/test",
        }
        environ = self.aws.environ | endpoints | settings
        services = wiring.build(environ, clock=lambda: Millis(self._now), write=lambda _: None)
        wiring.install(msgspec.structs.replace(services, sleep=lambda _: None))

    def wait(self, seconds: float) -> None:
        """Advance the stack's clock."""
        self._now += int(seconds * 1000)

    def token(self, user: str = "anna", seconds: int = 86400) -> str:
        """Return a user's token that is valid for `seconds`."""
        claims = {"sub": user, "exp": self._now // 1000 + seconds}
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def connect(self, connection_id: str, **query: str) -> dict[str, Any]:
        """Invoke `$connect` with a query. Return the handler's response."""
        self._connected[connection_id] = self._now
        event = {"requestContext": self._where(connection_id), **connect_parameters(query, {})}
        with self._as("websocket_connect"):
            return handlers.connect(event, _context())

    def speaker(self, connection_id: str, **query: str) -> dict[str, Any]:
        """`$connect` of the speaker anna."""
        return self.connect(connection_id, role="speaker", token=self.token(), **query)

    def send(self, connection_id: str, action: str, **fields: Any) -> dict[str, Any]:
        """Send one message. Return the reply."""
        body = json.dumps({"action": action, **fields})
        event = {"requestContext": self._where(connection_id), "body": body}
        with self._as("websocket_message"):
            answer = handlers.message(event, _context())
        reply: dict[str, Any] = json.loads(answer["body"])
        return reply

    def say(self, connection_id: str, action: str, **fields: Any) -> dict[str, Any]:
        """Send one message. Return the reply, which must not be an error."""
        reply = self.send(connection_id, action, **fields)
        assert reply["type"] != "error", reply
        return reply

    def disconnect(self, connection_id: str, code: int = 1006) -> None:
        """`$disconnect` with the code of the close."""
        where = self._where(connection_id) | {"disconnectStatusCode": code}
        with self._as("websocket_disconnect"):
            handlers.disconnect({"requestContext": where}, _context())

    def schedule(self, function: str, seconds_left: float = 60) -> dict[str, Any]:
        """Run a scheduled function with `seconds_left` of its timeout."""
        with self._as(function):
            answer: dict[str, Any] = getattr(handlers, function)(_context(seconds_left))
        return answer

    def operate(self, operation: str, body: Any = None, **names: str) -> dict[str, Any]:
        """Call the operator API, with `names` in its path. Return the response."""
        context = _context()
        event = {
            "requestContext": {"httpMethod": "", "resourcePath": "", "identity": {}},
            "multiValueQueryStringParameters": None,
            "headers": {},
            "pathParameters": names,
            "stageVariables": None,
            "body": json.dumps(body),
        }
        with self._as("api_handler"):
            response = handlers.operate(operation, Request(event, context))
        assert response.status_code == 200, response.body
        answer: dict[str, Any] = json.loads(response.body)
        return answer

    def run_jobs(self) -> None:
        """Run the jobs that were sent and the jobs that they send, delayed ones too."""
        for _ in range(20):
            jobs, self.recorder.jobs = self.recorder.jobs, []
            if not jobs:
                return
            records = [
                {
                    "messageId": str(number),
                    "body": json.dumps(job),
                    "attributes": {"ApproximateReceiveCount": "1"},
                }
                for number, job in enumerate(jobs)
            ]
            with self._as("run_jobs"):
                handlers.jobs({"Records": records}, _context())
        raise AssertionError("jobs make jobs without end")

    def send_replies(self) -> None:
        """Send the first replies that wait, once. Other jobs are left alone."""
        kinds = ("welcome", "refusal")
        replies = [job for job in self.recorder.jobs if job["kind"] in kinds]
        self.recorder.jobs = [job for job in self.recorder.jobs if job["kind"] not in kinds]
        records = [
            {"messageId": str(number), "body": json.dumps(job)}
            for number, job in enumerate(replies)
        ]
        with self._as("send_replies"):
            assert handlers.replies({"Records": records}, _context()) == {"batchItemFailures": []}

    def change(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Handle one record of the sessions stream, or of the counts stream."""
        names = ("sessionId", "shard")
        record = {
            "SequenceNumber": "1",
            "Keys": {name: after[name] for name in names if name in after},
            "OldImage": before,
            "NewImage": after,
        }
        is_count = "shard" in after
        handler = handlers.counts_changes if is_count else handlers.session_changes
        with self._as("on_counts_change" if is_count else "on_session_change"):
            answer = handler({"Records": [{"dynamodb": record}]}, _context())
        assert answer == {"batchItemFailures": []}

    def shard(self, session_id: str) -> dict[str, Any]:
        """Return a shard of a session's counts that counts somebody, else any."""
        shards = [each for each in self.aws.items("counts") if each["sessionId"]["S"] == session_id]
        return max(shards, key=lambda each: int(each["listenerCount"]["N"]))

    def session(self, session_id: str) -> dict[str, Any]:
        """Return a session's item as a stream record has it."""
        return next(
            item for item in self.aws.items("sessions") if item["sessionId"]["S"] == session_id
        )

    def put(self, table: str, item: Mapping[str, Any]) -> None:
        """Write an item that a crash or a race would have left."""
        self.aws.dynamodb.put_item(TableName=self.aws.tables[table], Item=item)

    def supersede(self, connection_id: str, by: str) -> None:
        """Mark a connection as superseded while its topics have not been moved yet."""
        key = {"connectionId": {"S": connection_id}}
        self.aws.dynamodb.update_item(
            TableName=self.aws.tables["connections"],
            Key=key,
            UpdateExpression="SET supersededBy = :by REMOVE sessionId",
            ExpressionAttributeValues={":by": {"S": by}},
        )

    def _where(self, connection_id: str) -> dict[str, Any]:
        # Every connection comes from an address of its own, so that no rate limit is met.
        number = next(self._addresses)
        return {
            "connectionId": connection_id,
            "connectedAt": self._connected[connection_id],
            "requestId": f"request-{number}",
            "identity": {"sourceIp": f"192.0.2.{number}"},
        }

    @contextmanager
    def _as(self, function: str) -> Iterator[None]:
        self.recorder.function = function
        try:
            yield
        finally:
            self.recorder.function = "nobody"


def _context(seconds_left: float = 60) -> Any:
    return SimpleNamespace(
        aws_request_id="invocation", get_remaining_time_in_millis=lambda: int(seconds_left * 1000)
    )
