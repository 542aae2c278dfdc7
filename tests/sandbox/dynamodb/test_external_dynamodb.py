"""`AWS_ENDPOINT_URL_DYNAMODB` points the sandbox at another DynamoDB: here a moto server."""

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from sandbox.cloud.resources import ResourcesError, check_endpoint
from tests.sandbox.conftest import RecordingStack


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The URL of a DynamoDB outside of the sandbox."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def external(elsewhere: str) -> Iterator[RecordingStack]:
    """A sandbox that keeps its tables there."""
    running = RecordingStack(AWS_ENDPOINT_URL_DYNAMODB=elsewhere)
    yield running
    running.close()


def test_the_tables_are_there_and_their_state_is_shown(external: RecordingStack) -> None:
    external.put_session("golden-eagle-427")

    (found,) = external.sandbox.state()["sessions"]
    assert found["sessionId"] == "golden-eagle-427"


def test_its_stream_reaches_the_function(external: RecordingStack) -> None:
    for count in ("1", "2", "3"):
        external.put_session("golden-eagle-427", n={"N": count})

    external.sandbox.advance(1)

    records = external.app.saw("changes")["Records"]
    changes = [(each["dynamodb"]["OldImage"], each["dynamodb"]["NewImage"]) for each in records]
    assert [(old["n"]["N"], new["n"]["N"]) for old, new in changes] == [("1", "2"), ("2", "3")]
    assert external.app.saw_nothing("changes")


def test_a_restart_begins_with_empty_tables(elsewhere: str) -> None:
    for _ in range(2):
        running = RecordingStack(AWS_ENDPOINT_URL_DYNAMODB=elsewhere)
        assert running.sandbox.state()["sessions"] == []
        running.put_session("golden-eagle-427")
        running.close()


def test_tables_that_are_not_on_this_machine_are_left_alone() -> None:
    with pytest.raises(ResourcesError, match="on this machine only"):
        check_endpoint("https://dynamodb.eu-west-1.amazonaws.com")
