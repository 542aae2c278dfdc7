"""Hostile, broken and slow servers against the lean wire: a typed error within the time-out.

boto3 is left out: it cannot be made to give up on a server that sends a byte now and then.
"""

import contextlib
import json
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.aws.http.client import HttpClient
from chalicelib.aws.http.endpoints import Endpoint
from chalicelib.aws.lean import json_service
from chalicelib.aws.refusals import NO_RESPONSE, Refusal
from chalicelib.domain.types import ConnectionId
from chalicelib.errors import RequestRejected, ServiceDown
from tests.aws import CREDENTIALS
from tests.chalicelib.aws.conftest import Against
from tests.chalicelib.aws.servers import (
    Answer,
    Drip,
    Hang,
    Raw,
    ScriptedServer,
    answer,
    json_answer,
)

TIMEOUT = 0.3
OK = b"HTTP/1.1 200 OK\r\n"


def _call(server: ScriptedServer) -> dict[str, Any]:
    environ = CREDENTIALS | {"AWS_ENDPOINT_URL_DYNAMODB": server.url}
    return json_service("dynamodb", environ, TIMEOUT)("GetItem", {})


HOSTILE: dict[str, Answer] = {
    "nothing, then the end": Raw(b"", close=True),
    "nothing at all": Hang(),
    "a byte now and then": Drip(OK + b"Content-Length: 1000000\r\n\r\n" + b"{" * 1000),
    "a head that never ends": Drip(OK + b"x: y\r\n" * 1000),
    "half a status line": Raw(b"HTTP/1.", close=True),
    "half a head": Raw(OK + b"Content-Le", close=True),
    "half a body": Raw(OK + b"Content-Length: 10\r\n\r\n{}", close=True),
    "half a body, kept open": Raw(OK + b"Content-Length: 10\r\n\r\n{}"),
    "half a chunk": Raw(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", close=True),
    "chunks without an end": Raw(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
    "a huge head": Raw(OK + b"x: " + b"y" * 200_000 + b"\r\n\r\n"),
    "a huge length": Raw(OK + b"Content-Length: 999999999999\r\n\r\n{}"),
    "a huge chunk": Raw(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n{}"),
    "another protocol": Raw(b"220 mail.example ESMTP\r\n\r\n"),
    "not JSON": answer(200, b"<html>"),
    "half of JSON": answer(200, b'{"Item": {"a": '),
    "not UTF-8": answer(200, b'{"a": "\xff\xfe"}'),
    "a list": answer(200, b"[]"),
    "a number": answer(200, b"1"),
    "nothing in it": answer(200, b""),
    "deep": answer(200, b'{"a":' + b"[" * 200_000),
    "a huge number": answer(200, b'{"a":' + b"9" * 100_000 + b"}"),
    "a wrong checksum": answer(200, b"{}", {"x-amz-crc32": "1"}),
    "5xx in HTML": answer(502, b"<html>Bad Gateway</html>"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_malformed_response_counts_as_none(server: ScriptedServer, what: str) -> None:
    server.script = lambda _: HOSTILE[what]
    with pytest.raises(Refusal) as refused:
        _call(server)
    assert refused.value.status in (NO_RESPONSE, 502)
    assert isinstance(refused.value.error(), ServiceDown)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"__type": 5, "message": []},
        {"__type": "x#TransactionCanceledException", "CancellationReasons": "all"},
        {"__type": "TransactionCanceledException", "CancellationReasons": [1, None]},
    ],
    ids=json.dumps,
)
def test_an_error_with_a_strange_body_is_still_a_refusal(
    server: ScriptedServer, told: dict[str, Any]
) -> None:
    server.script = lambda _: json_answer(told, 400)
    with pytest.raises(Refusal) as refused:
        _call(server)
    assert isinstance(refused.value.error(), RequestRejected)


def test_a_right_checksum_is_accepted(server: ScriptedServer) -> None:
    body = b'{"Item":{"n":{"N":"1"}}}'
    server.script = lambda _: answer(200, body, {"X-Amz-Crc32": str(zlib.crc32(body))})
    assert _call(server) == {"Item": {"n": {"N": "1"}}}


def test_a_request_that_is_not_json_is_not_sent(server: ScriptedServer) -> None:
    environ = CREDENTIALS | {"AWS_ENDPOINT_URL_DYNAMODB": server.url}
    with pytest.raises(Refusal, match="SerializationException"):
        json_service("dynamodb", environ, TIMEOUT)("PutItem", {"Item": {"a": {"B": b"x"}}})
    assert server.requests == []


@pytest.mark.parametrize("what", [name for name in HOSTILE if "JSON" not in name][:16])
def test_a_fan_out_ends_in_time_whatever_one_peer_does(
    server: ScriptedServer, lean: Against, what: str
) -> None:
    """The others get their message."""
    server.script = lambda request: HOSTILE[what] if request.connection_id == "bad" else 200
    management = lean.management(f"{server.url}/s")
    posts = [(ConnectionId(name), b"{}") for name in ("a", "bad", "b")]
    left = iter([60.0] * 8)
    result = management.fan_out(posts, lambda: next(left, 0.5))
    assert result.delivered + len(result.slow) + len(result.unsent) == 3
    assert {"a", "b"}.isdisjoint(result.slow)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=80) | st.binary(max_size=80).map(OK.__add__))
def test_whatever_bytes_come_a_client_answers_or_refuses(
    server: ScriptedServer, data: bytes
) -> None:
    server.script = lambda _: Raw(data, close=True)
    client = HttpClient(Endpoint(server.url, {}), TIMEOUT, 1000)
    with contextlib.suppress(Refusal):
        assert data.endswith(client.exchange(b"GET / HTTP/1.1\r\n\r\n").body)


def test_a_closed_port_is_service_down(lean: Against, plenty: Callable[[], float]) -> None:
    with ScriptedServer() as server:
        url = server.url
    management = lean.management(f"{url}/s")
    with pytest.raises(ServiceDown, match="refused"):
        management.post(ConnectionId("a"), b"{}")
    assert management.fan_out([(ConnectionId("a"), b"{}")], plenty).slow == ["a"]


def test_an_unknown_host_is_service_down(lean: Against, plenty: Callable[[], float]) -> None:
    management = lean.management("http://no-such-host.invalid/s")
    with pytest.raises(ServiceDown):
        management.post(ConnectionId("a"), b"{}")
    assert management.fan_out([(ConnectionId("a"), b"{}")], plenty).slow == ["a"]


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/s", "127.0.0.1", ""])
def test_a_url_that_is_not_http_is_named_in_the_error(lean: Against, url: str) -> None:
    with pytest.raises(RequestRejected, match="not an http"):
        lean.management(url).post(ConnectionId("a"), b"{}")


def test_an_early_refusal_of_a_large_message_is_read(
    server: ScriptedServer, lean: Against, plenty: Callable[[], float]
) -> None:
    """413 may come, and the connection may end, before the whole message is sent."""
    server.refuse_early = answer(413, close=True)
    management = lean.management(f"{server.url}/s")
    posts = [(ConnectionId(name), b"x" * 5_000_000) for name in ("a", "b")]
    result = management.fan_out(posts, plenty)
    assert sorted(result.refused + result.slow) == ["a", "b"]


def test_connections_are_not_shared_by_threads(server: ScriptedServer) -> None:
    """Each of many threads gets the response to its own request."""
    server.script = lambda request: json_answer({"asked": json.loads(request.body)})
    call = json_service("dynamodb", CREDENTIALS | {"AWS_ENDPOINT_URL_DYNAMODB": server.url}, 5)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: call("GetItem", {"n": n}), range(200)))
    assert answers == [{"asked": {"n": number}} for number in range(200)]
    assert max(request.connection for request in server.requests) <= 8
