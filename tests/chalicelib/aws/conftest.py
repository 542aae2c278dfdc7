"""Both wires to AWS, so that one suite tests both."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib import aws as wire
from chalicelib.aws import boto
from chalicelib.aws import lean as lean_wire
from chalicelib.aws.dynamodb import POLICY, RetryingDynamoDB
from chalicelib.aws.management import RetryingManagement
from chalicelib.aws.retry import Retries
from chalicelib.aws.sqs import SqsJobQueue
from chalicelib.settings import Settings
from tests.aws import CREDENTIALS, SECRETS, Aws, another_dynamodb
from tests.chalicelib.aws.servers import ScriptedServer
from tests.in_memory import Clock

WIRES = ["lean", "boto3"]


class Against:
    """Makes the three ports of one wire."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clock = Clock()

    def environ(self, **more: str) -> dict[str, str]:
        return CREDENTIALS | SECRETS | {"AWS_WIRE": self.kind, "AWS_TIMEOUT_SECONDS": "1"} | more

    def dynamodb(self, environ: dict[str, str]) -> RetryingDynamoDB:
        environ = self.environ(**environ)
        return wire.dynamodb(Settings.from_environ(environ), environ)

    def job_queue(self, environ: dict[str, str]) -> SqsJobQueue:
        environ = self.environ(**environ)
        return wire.job_queues(Settings.from_environ(environ), environ)[0]

    def hasty_dynamodb(self, url: str) -> RetryingDynamoDB:
        """Return DynamoDB at `url`, with all retries but without delays."""
        environ = self.environ(AWS_ENDPOINT_URL_DYNAMODB=url)
        make = lean_wire.json_service if self.kind == "lean" else boto.json_service
        retries = Retries(POLICY, sleep=lambda _: None)
        return RetryingDynamoDB(make("dynamodb", environ, timeout=1), retries)

    def management(self, endpoint: str, **more: str) -> RetryingManagement:
        environ = self.environ(API_GATEWAY_ENDPOINT=endpoint, **more)
        return wire.management(Settings.from_environ(environ), environ, self.clock)


@pytest.fixture(params=WIRES)
def against(request: pytest.FixtureRequest) -> Against:
    return Against(request.param)


@pytest.fixture
def lean() -> Against:
    """The wire that Lambda uses, alone."""
    return Against("lean")


@pytest.fixture(params=["moto", "another"])
def store(request: pytest.FixtureRequest) -> Iterator[Aws]:
    """Return the tables of one test: in moto, and in a DynamoDB that is not moto."""
    if request.param == "moto":
        yield request.getfixturevalue("aws")
        return
    with another_dynamodb() as another:
        yield another


@pytest.fixture
def dynamodb(store: Aws, against: Against) -> RetryingDynamoDB:
    """The stores' port, against the test's own tables."""
    return against.dynamodb(store.environ | {"AWS_TIMEOUT_SECONDS": "30"})


@pytest.fixture
def job_queue(aws: Aws, against: Against) -> SqsJobQueue:
    """The jobs queue, against the test's own."""
    return against.job_queue(aws.environ | {"AWS_TIMEOUT_SECONDS": "30"})


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def management(server: ScriptedServer, against: Against) -> RetryingManagement:
    """`@connections` of a stage that `server` plays."""
    return against.management(f"{server.url}/local")


@pytest.fixture
def plenty() -> Callable[[], float]:
    """A deadline far away."""
    return lambda: 60.0
