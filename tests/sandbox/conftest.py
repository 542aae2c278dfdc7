"""The fixtures of the sandbox's tests."""

import socket
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
import urllib3

from chalicelib.stores.attributes import to_attributes
from sandbox.startup.stack import Sandbox
from tests.sandbox.plane import PATIENCE, Plane, running_plane
from tests.sandbox.stack_app import StackApp


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the region, which Chalice asks for at every event."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")


@pytest.fixture
def plane() -> Iterator[Plane]:
    """Run a data plane with a recording app."""
    with running_plane() as running:
        yield running


class RecordingStack:
    """A whole sandbox on free ports with a recording app, and clients for its APIs."""

    def __init__(self, **environ: str) -> None:
        self.app = StackApp()
        self.environ = environ
        self.lines: list[str] = []
        self.sandbox = Sandbox(
            self.app.chalice,
            socket.create_server(("127.0.0.1", 0)),
            install=lambda *_: None,
            environ=self.environ,
            write=self.lines.append,
        )
        self.sandbox.start()
        self._http = urllib3.PoolManager(retries=False)
        self.sqs, self.dynamodb = self._client("sqs"), self._client("dynamodb")

    def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Send an HTTP request to the sandbox; return the status and the JSON body."""
        answer = self.page(path, method, **options)
        return answer.status, answer.json()

    def page(self, path: str, method: str = "GET", **options: Any) -> urllib3.BaseHTTPResponse:
        """Send an HTTP request to the sandbox; return the response."""
        url = f"http://127.0.0.1:{self.sandbox.port}{path}"
        return self._http.request(method, url, timeout=PATIENCE, **options)

    def send(self, body: str, delay: int = 0) -> None:
        """Send one job."""
        url = self.environ["JOBS_QUEUE_URL"]
        self.sqs.send_message(QueueUrl=url, MessageBody=body, DelaySeconds=delay)

    def put_session(self, session_id: str, **attributes: Any) -> None:
        """Write an ended session's item, so that its changes pass the stream's filter."""
        item = {"sessionId": {"S": session_id}, "isActive": {"BOOL": False}, **attributes}
        self.dynamodb.put_item(TableName=self.environ["SESSIONS_TABLE_NAME"], Item=item)

    def put_shard(self, session_id: str, number: int, languages: Mapping[str, int]) -> None:
        """Write a shard of a session's counts."""
        item = {
            "sessionId": session_id,
            "shard": number,
            "isActive": True,
            "listenerCount": sum(languages.values()),
            "languageCounts": languages,
        }
        table = self.environ["COUNTS_TABLE_NAME"]
        self.dynamodb.put_item(TableName=table, Item=to_attributes(item))

    def close(self) -> None:
        self._http.clear()
        self.sqs.close()
        self.dynamodb.close()
        self.sandbox.stop()

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.environ[f"AWS_ENDPOINT_URL_{service.upper()}"],
            region_name="us-east-1",
            aws_access_key_id=self.environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environ["AWS_SECRET_ACCESS_KEY"],
        )


@pytest.fixture
def stack() -> Iterator[RecordingStack]:
    """Run a sandbox with an app that records the events of its functions."""
    running = RecordingStack()
    yield running
    running.close()
