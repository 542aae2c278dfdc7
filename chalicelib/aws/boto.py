"""The wire to AWS by boto3: `AWS_WIRE=boto3`, and the reference for the lean one.

boto3's own retries are off: those of `retry.py` and `scheduler.py` are the same on both wires.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from chalicelib.aws.endpoint_config import configured_endpoint, region
from chalicelib.aws.fanout.scheduler import POST_TIMEOUT, Post, PostScheduler, SlowConnections
from chalicelib.aws.refusals import NO_RESPONSE, Refusal
from chalicelib.aws.wire import Begun, Posts, done_at_once
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId

_CONNECT_TIMEOUT = 2.0
_POOL = 10


class _Client:
    """A boto3 client that is made once, on first use: making one costs 50 ms."""

    def __init__(
        self, service: str, environ: Mapping[str, str], endpoint: str | None, config: Config
    ) -> None:
        self._service = service
        self._environ = environ
        self._endpoint = endpoint
        self._config = config
        self._lock = threading.Lock()
        self._client: BaseClient | None = None

    def __call__(self, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Try `client.<method>(**request)` once. Raises Refusal."""
        try:
            response = getattr(self.ready(), method)(**request)
        except ClientError as problem:
            raise _refusal(problem) from problem
        except (HTTPClientError, ResponseParserError) as problem:
            raise Refusal(NO_RESPONSE, type(problem).__name__, str(problem)) from problem
        except BotoCoreError as problem:
            raise Refusal(400, type(problem).__name__, str(problem)) from problem
        response.pop("ResponseMetadata", None)
        return dict(response)

    def ready(self) -> BaseClient:
        """Return the client, and make it if needed. Raises BotoCoreError."""
        with self._lock:
            if self._client is None:
                self._client = _session(self._environ).client(
                    self._service,  # type: ignore[call-overload]
                    endpoint_url=self._endpoint,
                    config=self._config,
                )
            return self._client


def json_service(service: str, environ: Mapping[str, str], timeout: float) -> "BotoService":
    """Return what tries operations of `service` (`dynamodb`, `sqs`). `timeout` is in seconds."""
    endpoint = configured_endpoint(environ, service)
    return BotoService(_Client(service, environ, endpoint, _config(timeout)))


class BotoService:
    """A `chalicelib.aws.wire.ServiceCall` by boto3. Thread-safe."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def __call__(self, operation: str, request: Mapping[str, Any], /) -> dict[str, Any]:
        return self._client(_snake(operation), request)

    def begin(self, operation: str, request: Mapping[str, Any], /) -> Begun:
        return done_at_once(lambda: self(operation, request))

    def warm(self) -> None:
        with contextlib.suppress(BotoCoreError):
            self._client.ready()


class BotoConnections:
    """`@connections` by boto3, and a fan-out on a pool of threads."""

    def __init__(
        self,
        environ: Mapping[str, str],
        endpoint: str,
        concurrency: int,
        slow: SlowConnections,
        timeout: float,
    ) -> None:
        """`endpoint` is the https URL of the stage, `timeout` that of one request in seconds."""
        self._concurrency = concurrency
        self._slow = slow
        service = "apigatewaymanagementapi"
        self._client = _Client(service, environ, endpoint, _config(timeout))
        brief = _config(min(timeout, POST_TIMEOUT), pool=concurrency)
        self._many = _Client(service, environ, endpoint, brief)

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        self._client("post_to_connection", {"ConnectionId": connection_id, "Data": data})

    def close(self, connection_id: ConnectionId) -> None:
        self._client("delete_connection", {"ConnectionId": connection_id})

    def fan_out(self, posts: Posts, remaining: Callable[[], float]) -> FanOutResult:
        scheduler = PostScheduler(posts, remaining, self._slow)
        in_flight: dict[Future[int], Post] = {}
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="fan-out")
        try:
            while not scheduler.is_finished and not scheduler.is_time_up:
                self._fill(pool, in_flight, scheduler)
                wait_seconds = scheduler.wait_seconds(time.monotonic())
                if not in_flight:
                    time.sleep(wait_seconds)
                    continue
                for future in wait(in_flight, wait_seconds, FIRST_COMPLETED).done:
                    scheduler.report(in_flight.pop(future), future.result(), time.monotonic())
            return scheduler.give_up()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _fill(
        self, pool: ThreadPoolExecutor, in_flight: dict[Future[int], Post], scheduler: PostScheduler
    ) -> None:
        while len(in_flight) < self._concurrency:
            post = scheduler.take(time.monotonic())
            if post is None:
                return
            in_flight[pool.submit(self._status, post)] = post

    def _status(self, post: Post) -> int:
        try:
            request = {"ConnectionId": post.connection_id, "Data": post.data}
            self._many("post_to_connection", request)
        except Refusal as refusal:
            return refusal.status
        return 200


def _session(environ: Mapping[str, str]) -> boto3.Session:
    return boto3.Session(
        aws_access_key_id=environ.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=environ.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=environ.get("AWS_SESSION_TOKEN"),
        region_name=region(environ) or None,
    )


def _config(timeout: float, pool: int = _POOL) -> Config:
    return Config(
        connect_timeout=min(timeout, _CONNECT_TIMEOUT),
        read_timeout=timeout,
        max_pool_connections=pool,
        retries={"total_max_attempts": 1},
        parameter_validation=False,
    )


def _refusal(problem: ClientError) -> Refusal:
    error = problem.response.get("Error", {})
    status = problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", NO_RESPONSE)
    reasons: Any = problem.response.get("CancellationReasons", ())
    return Refusal(
        status,
        error.get("Code", ""),
        error.get("Message", ""),
        [reason.get("Code", "") for reason in reasons],
    )


def _snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")
