"""The lean wire under a Lambda's conditions: frozen, with a wrong clock, without an address."""

import datetime
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime
from threading import Barrier

import pytest

from chalicelib.aws.fanout.connections import FanOutConnection
from chalicelib.aws.fanout.run import ConnectionPool
from chalicelib.aws.fanout.scheduler import Post
from chalicelib.aws.http.client import HttpClient, close_all
from chalicelib.aws.http.endpoints import Address, Endpoint
from chalicelib.aws.management import RetryingManagement
from chalicelib.aws.refusals import NO_RESPONSE, Refusal
from chalicelib.domain.types import ConnectionId
from tests.chalicelib.aws.conftest import Against
from tests.chalicelib.aws.direct import REQUEST, Names, fan_out, posts
from tests.chalicelib.aws.servers import (
    Answer,
    Hang,
    Raw,
    Request,
    ScriptedServer,
    answer,
    json_answer,
)

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def against(lean: Against) -> Against:
    return lean


def test_calls_share_a_connection(server: ScriptedServer, against: Against) -> None:
    server.script = lambda _: json_answer({})
    dynamodb = against.dynamodb({"AWS_ENDPOINT_URL_DYNAMODB": server.url})
    for _ in range(5):
        dynamodb.call("Scan", {"TableName": "t"})
    assert [request.connection for request in server.requests] == [1] * 5


def test_a_connection_that_died_while_frozen_is_replaced_silently(
    server: ScriptedServer, management: RetryingManagement, plenty: Callable[[], float]
) -> None:
    management.post(ConnectionId("a"), b"{}")
    assert management.fan_out(posts(8), plenty).delivered == 8
    server.drop_connections()
    server.requests.clear()

    management.post(ConnectionId("a"), b"{}")
    assert management.fan_out(posts(8), plenty).delivered == 8
    assert len(server.requests) == 9


def test_a_connection_that_dies_under_the_next_request_is_replaced_once(
    server: ScriptedServer,
) -> None:
    def dies_at_the_second(request: Request) -> Answer:
        seen = [other.connection for other in server.requests]
        return 200 if seen.count(request.connection) == 1 else Raw(b"", close=True)

    server.script = dies_at_the_second
    client = HttpClient(Endpoint(server.url, {}), 5, 1000)
    for _ in range(3):
        assert client.exchange(b"GET / HTTP/1.1\r\n\r\n").status == 200
    assert [request.connection for request in server.requests] == [1, 1, 2, 2, 3]


def test_a_new_connection_that_dies_raises(server: ScriptedServer) -> None:
    server.script = lambda _: Raw(b"", close=True)
    client = HttpClient(Endpoint(server.url, {}), 5, 1000)
    with pytest.raises(Refusal) as refused:
        client.exchange(b"GET / HTTP/1.1\r\n\r\n")
    assert refused.value.status == NO_RESPONSE
    assert len(server.requests) == 1


def test_a_fan_out_replaces_connections_that_die_under_it(
    server: ScriptedServer, management: RetryingManagement, plenty: Callable[[], float]
) -> None:
    """It does not count as a try: nothing was wrong with the post."""

    def dies_at_the_third(request: Request) -> Answer:
        seen = [other.connection for other in server.requests]
        return 200 if seen.count(request.connection) < 3 else Raw(b"", close=True)

    server.script = dies_at_the_third
    assert management.fan_out(posts(60), plenty).delivered == 60


def _strict_about_the_time(request: Request) -> Answer:
    """Return a script of a service whose clock is an hour ahead."""
    now = datetime.datetime.now(datetime.UTC) + HOUR
    sent = datetime.datetime.fromisoformat(request.headers["x-amz-date"])
    if abs(now - sent) < datetime.timedelta(minutes=5):
        return json_answer({})
    told = b'{"__type":"InvalidSignatureException","message":"Signature expired: "}'
    return answer(403, told, {"Date": format_datetime(now, usegmt=True)})


def test_a_wrong_clock_is_corrected_by_the_services_date(
    server: ScriptedServer, against: Against, plenty: Callable[[], float]
) -> None:
    server.script = _strict_about_the_time
    dynamodb = against.dynamodb({"AWS_ENDPOINT_URL_DYNAMODB": server.url})
    assert dynamodb.call("Scan", {"TableName": "t"}) == {}
    assert dynamodb.call("Scan", {"TableName": "t"}) == {}
    assert len(server.requests) == 3
    assert against.management(f"{server.url}/s").fan_out(posts(20), plenty).delivered == 20


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}])
def test_a_refusal_without_a_date_is_not_retried(
    server: ScriptedServer, against: Against, plenty: Callable[[], float], headers: dict[str, str]
) -> None:
    told = b'{"message":"InvalidSignatureException"}'
    server.script = lambda _: answer(403, told, headers)
    management = against.management(f"{server.url}/s")
    assert management.fan_out(posts(2), plenty).delivered == 0
    assert len(server.requests) == 2


@pytest.fixture
def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_an_unreachable_address_is_skipped(server: ScriptedServer, closed_port: int) -> None:
    names = Names(closed_port, int(server.url.rpartition(":")[2]))
    client = HttpClient(Endpoint(server.url, {}, names), 5, 1000)
    assert client.exchange(REQUEST).status == 200
    assert fan_out(Endpoint(server.url, {}, names), 40).delivered == 40


def test_names_are_looked_up_again_when_no_address_is_left(closed_port: int) -> None:
    names = Names(closed_port)
    assert fan_out(Endpoint("http://example.test", {}, names), 1).slow == ["c0"]
    assert names.asked == 3


def test_an_address_that_no_socket_can_connect_to_is_skipped(server: ScriptedServer) -> None:
    """As IPv6 addresses are where there is no IPv6: the system says so at once."""
    port = int(server.url.rpartition(":")[2])
    tcp = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    nowhere: Address = (socket.AF_INET6, *tcp, ("127.0.0.1", port))
    somewhere: Address = (socket.AF_INET, *tcp, ("127.0.0.1", port))
    endpoint = Endpoint(server.url, {}, lambda *_, **__: [nowhere, somewhere])
    assert fan_out(endpoint, 20).delivered == 20


def test_posts_that_time_out_are_retried_and_then_slow(server: ScriptedServer) -> None:
    server.script = lambda _: Hang()
    result = fan_out(Endpoint(server.url, {}), 2, post_seconds=0.05)
    assert sorted(result.slow) == ["c0", "c1"]
    assert len(server.requests) == 6


def test_connections_that_close_between_and_within_fan_outs_are_dropped(
    server: ScriptedServer,
) -> None:
    """An idle connection may close while the others work."""
    pool = ConnectionPool(8)
    endpoint = Endpoint(server.url, {})
    assert fan_out(endpoint, 8, pool=pool).delivered == 8

    def drops_the_others(request: Request) -> Answer:
        if request is server.requests[8]:
            server.drop_connections(other_than=request.connection)
        return 200

    server.script = drops_the_others
    assert fan_out(endpoint, 1, pool=pool).delivered == 1
    assert fan_out(endpoint, 8, pool=pool).delivered == 8


def test_more_connections_than_are_kept_are_closed(server: ScriptedServer) -> None:
    pool = ConnectionPool(2)
    endpoint = Endpoint(server.url, {})
    assert fan_out(endpoint, 30, pool=pool).delivered == 30
    connections = pool.take()
    assert 1 <= len(connections) <= 2
    pool.give_back(connections)


class TakenAtOnce(ConnectionPool):
    """A connection given back here is used by another thread before this one continues."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.in_use: list[FanOutConnection] = []

    def give_back(self, connections: list[FanOutConnection]) -> None:
        super().give_back(connections)
        for connection in self.take():
            connection.send(Post(ConnectionId("c"), b"{}"), REQUEST, deadline=0.0)
            self.in_use.append(connection)


def test_returned_connections_are_not_used_by_their_fan_out_any_more(
    server: ScriptedServer,
) -> None:
    pool = TakenAtOnce(8)
    assert fan_out(Endpoint(server.url, {}), 8, pool=pool).delivered == 8
    assert pool.in_use
    assert all(connection.fileno() >= 0 for connection in pool.in_use)
    close_all(pool.in_use)


def test_connection_close_in_a_response_ends_the_connection(server: ScriptedServer) -> None:
    server.script = lambda _: answer(200, headers={"Connection": "close"})
    client = HttpClient(Endpoint(server.url, {}), 5, 1000)
    for _ in range(2):
        assert client.exchange(REQUEST).status == 200
    assert [request.connection for request in server.requests] == [1, 2]


@pytest.mark.parametrize("kind", ["lean", "boto3"])
def test_a_process_starts_even_if_a_service_is_unreachable(kind: str, closed_port: int) -> None:
    Against(kind).dynamodb(
        {
            "AWS_LAMBDA_FUNCTION_NAME": "connect",
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{closed_port}",
        }
    )


def test_sixteen_idle_connections_are_kept_and_further_ones_closed(server: ScriptedServer) -> None:
    together = Barrier(20)

    def all_at_once(_: Request) -> Answer:
        together.wait(5)
        return 200

    server.script = all_at_once
    client = HttpClient(Endpoint(server.url, {}), 5, 1000)
    with ThreadPoolExecutor(20) as pool:
        for _ in range(2):
            list(pool.map(client.exchange, [REQUEST] * 20))
    assert max(request.connection for request in server.requests) == 20 + 4
