"""The contract of the actions with `@connections`, on either wire."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from chalicelib.aws.management import RetryingManagement
from chalicelib.domain.types import ConnectionId
from chalicelib.errors import Gone, PayloadRefused, RequestRejected, ServiceDown, Throttled
from tests.chalicelib.aws.conftest import Against
from tests.chalicelib.aws.servers import Answer, Hang, Raw, Request, ScriptedServer

ID = ConnectionId("L0SM9cOFvHcCIhw=")


def _posts(*names: str) -> list[tuple[ConnectionId, bytes]]:
    return [(ConnectionId(name), b"{}") for name in names]


def test_a_post_reaches_its_connection(
    server: ScriptedServer, management: RetryingManagement
) -> None:
    management.post(ID, b'{"type":"broadcast"}')
    [request] = server.requests
    assert request.method == "POST"
    assert request.target == "/local/@connections/L0SM9cOFvHcCIhw%3D"
    assert request.body == b'{"type":"broadcast"}'
    assert "us-east-1/execute-api/aws4_request" in request.headers["authorization"]


def test_a_close_deletes_the_connection(
    server: ScriptedServer, management: RetryingManagement
) -> None:
    server.script = lambda request: 204  # noqa: ARG005
    management.close(ID)
    [request] = server.requests
    assert (request.method, request.target) == ("DELETE", "/local/@connections/L0SM9cOFvHcCIhw%3D")


@pytest.mark.parametrize("status", [200, 400, 410])
def test_any_refusal_of_an_unknown_connection_shows_that_the_api_responds(
    server: ScriptedServer, management: RetryingManagement, status: int
) -> None:
    server.script = lambda request: status  # noqa: ARG005
    management.reach()
    assert len(server.requests) == 1


def test_a_missing_permission_shows_that_the_api_cannot_be_used(
    server: ScriptedServer, management: RetryingManagement
) -> None:
    server.script = lambda request: 403  # noqa: ARG005
    with pytest.raises(RequestRejected):
        management.reach()


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [
        (410, Gone, 1),
        (413, PayloadRefused, 1),
        (400, RequestRejected, 1),
        (403, RequestRejected, 1),
        (429, Throttled, 3),
        (500, ServiceDown, 3),
        (503, ServiceDown, 3),
    ],
)
def test_each_refusal_becomes_its_error(
    server: ScriptedServer,
    management: RetryingManagement,
    status: int,
    error: type[Exception],
    tries: int,
) -> None:
    server.script = lambda request: status  # noqa: ARG005
    with pytest.raises(error):
        management.post(ID, b"{}")
    assert len(server.requests) == tries


def test_a_fan_out_reaches_every_recipient_within_its_connection_limit(
    server: ScriptedServer, against: Against, plenty: Callable[[], float]
) -> None:
    management = against.management(f"{server.url}/local", FANOUT_CONCURRENCY="4")
    names = [f"c{number}" for number in range(200)]
    result = management.fan_out(_posts(*names), plenty)
    assert result.delivered == 200
    assert sorted(request.connection_id for request in server.requests) == sorted(names)
    assert max(request.connection for request in server.requests) <= 4


def test_a_fan_out_to_nobody_makes_no_call(
    server: ScriptedServer, management: RetryingManagement, plenty: Callable[[], float]
) -> None:
    assert management.fan_out([], plenty).delivered == 0
    assert server.requests == []


def test_each_outcome_is_told_apart(
    server: ScriptedServer, management: RetryingManagement, plenty: Callable[[], float]
) -> None:
    def script(request: Request) -> Answer:
        return int(request.connection_id.split("-")[0])

    server.script = script
    names = ["200-a", "410-b", "429-c", "500-d", "413-e", "403-f", "200-g"]
    result = management.fan_out(_posts(*names), plenty)
    assert result.delivered == 2
    assert result.gone == ["410-b"]
    assert sorted(result.slow) == ["429-c", "500-d"]
    assert sorted(result.refused) == ["403-f", "413-e"]
    assert result.unsent == []
    tries = Counter(request.connection_id for request in server.requests)
    assert tries == {name: 3 if name in ("429-c", "500-d") else 1 for name in names}


def test_a_post_that_fails_once_is_delivered_by_the_retry(
    server: ScriptedServer, management: RetryingManagement, plenty: Callable[[], float]
) -> None:
    seen: Counter[str] = Counter()
    failures: dict[str, Answer] = {"a": 429, "b": 503, "c": Raw(b"HTTP/1.1 2", close=True)}

    def script(request: Request) -> Answer:
        seen[request.connection_id] += 1
        first = seen[request.connection_id] == 1
        return failures.get(request.connection_id, 200) if first else 200

    server.script = script
    result = management.fan_out(_posts("a", "b", "c", "d"), plenty)
    assert result.delivered == 4


def test_a_slow_connection_is_skipped_for_thirty_seconds(
    server: ScriptedServer, against: Against, plenty: Callable[[], float]
) -> None:
    management = against.management(f"{server.url}/local")
    server.script = lambda request: 429  # noqa: ARG005
    management.fan_out(_posts("a"), plenty)
    server.script = lambda request: 200  # noqa: ARG005
    server.requests.clear()

    against.clock.advance(29.999)
    result = management.fan_out(_posts("a", "b"), plenty)
    assert (result.slow, result.delivered) == (["a"], 1)

    against.clock.advance(0.001)
    assert management.fan_out(_posts("a"), plenty).delivered == 1
    assert [request.connection_id for request in server.requests] == ["b", "a"]


def test_messages_to_one_connection_arrive_in_their_order(
    server: ScriptedServer, management: RetryingManagement, plenty: Callable[[], float]
) -> None:
    failed = threading.Event()

    def first_fails(request: Request) -> Answer:
        if request.body == b"0" and not failed.is_set():
            failed.set()
            return 429
        return 200

    server.script = first_fails
    posts = [(ConnectionId("a"), str(number).encode()) for number in range(6)]
    assert management.fan_out(posts, plenty).delivered == 6
    bodies = [request.body for request in server.requests]
    assert bodies == [b"0", b"0", b"1", b"2", b"3", b"4", b"5"]


def test_no_new_post_is_sent_close_to_the_deadline(
    server: ScriptedServer, management: RetryingManagement
) -> None:
    result = management.fan_out(_posts("a", "b"), lambda: 3.9)
    assert result.unsent == ["a", "b"]
    assert server.requests == []


def test_posts_without_a_response_at_the_deadline_are_unsent(
    server: ScriptedServer, management: RetryingManagement
) -> None:
    def script(request: Request) -> Answer:
        return Hang() if request.connection_id == "a" else 200

    server.script = script
    left = iter([60.0] * 12)
    result = management.fan_out(_posts("a", "b", "c"), lambda: next(left, 0.5))
    assert "a" in result.unsent
    assert result.delivered + len(result.unsent) == 3


def test_posts_are_consumed_only_as_they_can_be_sent(
    server: ScriptedServer, against: Against, plenty: Callable[[], float]
) -> None:
    """Ten thousand recipients must not be in memory at once."""
    management = against.management(f"{server.url}/local", FANOUT_CONCURRENCY="2")
    ahead: list[int] = []

    def posts() -> Iterator[tuple[ConnectionId, bytes]]:
        for number in range(50):
            ahead.append(number - len(server.requests))
            yield ConnectionId(f"c{number}"), b"{}"

    assert management.fan_out(posts(), plenty).delivered == 50
    assert max(ahead) <= 4


def test_an_error_of_the_posts_iterator_is_raised(
    server: ScriptedServer, management: RetryingManagement, plenty: Callable[[], float]
) -> None:
    def posts() -> Iterator[tuple[ConnectionId, bytes]]:
        yield ConnectionId("a"), b"{}"
        raise ServiceDown("the index cannot be read")

    with pytest.raises(ServiceDown, match="the index"):
        management.fan_out(posts(), plenty)
    assert len(server.requests) <= 1


def test_chunked_responses_are_read(
    server: ScriptedServer, management: RetryingManagement, plenty: Callable[[], float]
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.script = lambda request: Raw(head + b"2\r\n{}\r\n0\r\n\r\n")  # noqa: ARG005
    assert management.fan_out(_posts("a", "b", "c"), plenty).delivered == 3


def test_a_fan_out_signs_each_post_as_a_single_post_is_signed(
    server: ScriptedServer, management: RetryingManagement, plenty: Callable[[], float]
) -> None:
    """In the same second or not, the signed path must be the one that is sent."""
    for name in ("L0SM9cOFvHcCIhw=", "a b/é%"):
        management.post(ConnectionId(name), b"{}")
        management.fan_out([(ConnectionId(name), b"{}")], plenty)
        single, fanned = server.requests[-2:]
        assert fanned.target == single.target
        assert fanned.method == single.method
        if fanned.headers["x-amz-date"] == single.headers["x-amz-date"]:
            assert fanned.headers["authorization"] == single.headers["authorization"]
