"""TLS on the lean wire: always verified, resumed where possible."""

import re
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import certifi
import pytest

from chalicelib.aws.http.client import HttpClient
from chalicelib.aws.http.endpoints import Endpoint
from chalicelib.aws.http.tls import Tls
from chalicelib.aws.refusals import Refusal
from chalicelib.domain.types import ConnectionId
from chalicelib.errors import ServiceDown
from tests.chalicelib.aws.certificates import Authority
from tests.chalicelib.aws.conftest import Against
from tests.chalicelib.aws.direct import REQUEST, Names, fan_out, posts
from tests.chalicelib.aws.servers import ScriptedServer, answer, json_answer

ROOTS = Path(__file__).parents[3] / "chalicelib/aws/http/amazon_roots.pem"
CLOSING = answer(200, headers={"Connection": "close"}, close=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_a_trusted_server_is_accepted(authority: Authority, lean: Against) -> None:
    with ScriptedServer(lambda _: json_answer({}), authority.server("127.0.0.1")) as server:
        dynamodb = lean.dynamodb(
            {"AWS_ENDPOINT_URL_DYNAMODB": server.url, "AWS_CA_BUNDLE": str(authority.roots)}
        )
        assert dynamodb.call("Scan", {"TableName": "t"}) == {}
        assert dynamodb.call("Scan", {"TableName": "t"}) == {}
    assert [request.connection for request in server.requests] == [1, 1]


def test_on_lambda_the_first_connection_is_open_before_the_first_call(
    authority: Authority, lean: Against
) -> None:
    """It is used although session tickets have arrived on it."""
    with ScriptedServer(lambda _: json_answer({}), authority.server("127.0.0.1")) as server:
        dynamodb = lean.dynamodb(
            {
                "AWS_LAMBDA_FUNCTION_NAME": "connect",
                "AWS_ENDPOINT_URL_DYNAMODB": server.url,
                "AWS_CA_BUNDLE": str(authority.roots),
            }
        )
        server.wait_for_connection()
        assert server.requests == []
        dynamodb.call("Scan", {"TableName": "t"})
    assert [request.connection for request in server.requests] == [1]


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost"])
def test_a_certificate_for_another_host_is_refused(
    authority: Authority, lean: Against, host: str
) -> None:
    with ScriptedServer(tls=authority.server(host)) as server:
        management = lean.management(f"{server.url}/s", AWS_CA_BUNDLE=str(authority.roots))
        with pytest.raises(ServiceDown, match="mismatch"):
            management.post(ConnectionId("a"), b"{}")
    assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(
    authority: Authority, lean: Against, tmp_path: Path, plenty: Callable[[], float]
) -> None:
    with ScriptedServer(tls=Authority(tmp_path).server("127.0.0.1")) as server:
        management = lean.management(f"{server.url}/s", AWS_CA_BUNDLE=str(authority.roots))
        with pytest.raises(ServiceDown, match="CERTIFICATE_VERIFY_FAILED"):
            management.post(ConnectionId("a"), b"{}")
        assert management.fan_out(posts(2), plenty).delivered == 0
    assert server.requests == []


@pytest.mark.parametrize("count", [1, 3, 200])
def test_a_fan_out_goes_over_tls(
    authority: Authority, lean: Against, plenty: Callable[[], float], count: int
) -> None:
    with ScriptedServer(tls=authority.server("127.0.0.1")) as server:
        management = lean.management(
            f"{server.url}/s", AWS_CA_BUNDLE=str(authority.roots), FANOUT_CONCURRENCY="6"
        )
        assert management.fan_out(posts(count), plenty).delivered == count
        assert management.fan_out(posts(count), plenty).delivered == count
    assert max(request.connection for request in server.requests) <= min(count, 6)


def test_a_fan_out_over_tls_survives_connections_that_close(
    authority: Authority, lean: Against, plenty: Callable[[], float]
) -> None:
    with ScriptedServer(lambda _: CLOSING, authority.server("127.0.0.1")) as server:
        management = lean.management(
            f"{server.url}/s", AWS_CA_BUNDLE=str(authority.roots), FANOUT_CONCURRENCY="3"
        )
        assert management.fan_out(posts(30), plenty).delivered == 30


@pytest.mark.parametrize("secure", [False, True])
def test_large_messages_reach_a_server_that_reads_late(
    authority: Authority, lean: Against, plenty: Callable[[], float], secure: bool
) -> None:
    """Send buffers fill up, and writing continues when there is room."""
    data = bytes(range(256)) * 40_000
    tls = authority.server("127.0.0.1") if secure else None
    with ScriptedServer(tls=tls) as server:
        management = lean.management(f"{server.url}/s", AWS_CA_BUNDLE=str(authority.roots))
        server.hold_back.set()
        threading.Timer(0.2, server.hold_back.clear).start()
        large = [(connection_id, data) for connection_id, _ in posts(3)]
        assert management.fan_out(large, plenty).delivered == 3
        assert all(request.body == data for request in server.requests)
        management.post(ConnectionId("a"), data)


def _shake_hands(tls: Tls, server: ScriptedServer) -> ssl.SSLSocket:
    port = int(server.url.rpartition(":")[2])
    connection = tls.wrap(socket.create_connection(("127.0.0.1", port)))
    try:
        connection.do_handshake()
    except OSError:
        connection.close()
        raise
    return connection


def test_a_later_connection_resumes_the_session(authority: Authority) -> None:
    with ScriptedServer(tls=authority.server("127.0.0.1")) as server:
        tls = Tls("127.0.0.1", str(authority.roots))
        with _shake_hands(tls, server) as first:
            first.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert first.recv(1000)
            tls.keep_session(first)
        with _shake_hands(tls, server) as second:
            assert second.session_reused
            tls.keep_session(second)
        with _shake_hands(tls, server) as third:
            assert third.session_reused


def test_aws_hosts_with_other_roots_are_verified_against_the_whole_bundle(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amazon's five roots are tried first, for the cold start; they must not lock any host out."""
    host = "api.execute-api.us-east-1.amazonaws.com"
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.roots))
    with ScriptedServer(tls=authority.server(host)) as server:
        names = Names(int(server.url.rpartition(":")[2]))
        client = HttpClient(Endpoint(f"https://{host}", {}, names), 5, 1000)
        assert client.exchange(REQUEST).status == 200
        assert fan_out(Endpoint(f"https://{host}", {}, names), 5).delivered == 5
    assert len(server.requests) == 6


def test_a_host_without_a_trusted_root_stays_refused(authority: Authority) -> None:
    host = "api.execute-api.us-east-1.amazonaws.com"
    with ScriptedServer(tls=authority.server(host)) as server:
        names = Names(int(server.url.rpartition(":")[2]))
        client = HttpClient(Endpoint(f"https://{host}", {}, names), 5, 1000)
        with pytest.raises(Refusal, match="CERTIFICATE_VERIFY_FAILED"):
            client.exchange(REQUEST)
        assert fan_out(Endpoint(f"https://{host}", {}, names), 1).slow == ["c0"]
    assert server.requests == []


def test_old_versions_of_tls_are_refused(authority: Authority) -> None:
    context = authority.server("127.0.0.1")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with ScriptedServer(tls=context) as server, pytest.raises(ssl.SSLError):
        _shake_hands(Tls("127.0.0.1", str(authority.roots)), server)


def test_the_roots_are_the_ones_that_mozilla_trusts_as_amazons() -> None:
    ours = set(_certificates(ROOTS.read_text()))
    assert len(ours) == 5
    assert ours <= set(_certificates(Path(certifi.where()).read_text()))


def _certificates(text: str) -> list[str]:
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.DOTALL)
