"""The fast path for posts gives the same responses as aiohttp, however a request arrives."""

import http.client
from io import BufferedReader

import pytest
from botocore.awsrequest import AWSRequest

from tests.sandbox.plane import CREDENTIALS, PATIENCE, Plane

Answer = tuple[int, str, str | None, bytes]
"""Status, content type, error type, body."""

UNKNOWN = "AAAAAAAAAAAAAAA="


def _request(plane: Plane, connection_id: str, body: bytes) -> AWSRequest:
    return plane.signed("POST", connection_id, body, CREDENTIALS)


def _bytes(request: AWSRequest, *more: str) -> bytes:
    _, _, host, path = str(request.url).split("/", 3)
    fields = [f"{name}: {value}" for name, value in request.headers.items()]
    lines = [f"POST /{path} HTTP/1.1", f"Host: {host}", *fields, *more]
    body = bytes(request.data or b"")
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    return head.encode() + body


def _exchange(plane: Plane, *pieces: bytes, answers: int = 1) -> list[Answer]:
    """Send the pieces one after the other on one connection, and read the responses."""
    with plane.raw(handshake=False) as sock, sock.makefile("rb") as stream:
        for piece in pieces:
            sock.sendall(piece)
            plane.settle()
        return [_answer(stream) for _ in range(answers)]


def _answer(stream: BufferedReader) -> Answer:
    status = int(stream.readline().split()[1])
    headers = http.client.parse_headers(stream)
    kind = headers.get_content_type()
    return status, kind, headers["x-amzn-ErrorType"], stream.read(int(headers["Content-Length"]))


@pytest.mark.parametrize(
    ("case", "status"), [("good", 200), ("gone", 410), ("malformed", 400), ("unsigned", 403)]
)
def test_both_paths_give_the_same_response(plane: Plane, case: str, status: int) -> None:
    with plane.connected() as (client, own):
        connection_id = {"gone": UNKNOWN, "malformed": "no-id"}.get(case, own)
        credentials = None if case == "unsigned" else CREDENTIALS
        request = plane.signed("POST", connection_id, b"hello", credentials)
        by_shortcut = _exchange(plane, _bytes(request))
        by_aiohttp = _exchange(plane, _bytes(request, "Connection: keep-alive"))

        assert by_shortcut == by_aiohttp
        assert by_shortcut[0][0] == status
        for _ in range(2 if status == 200 else 0):
            assert client.recv(PATIENCE) == "hello"


@pytest.mark.parametrize("manner", ["in pieces", "two at once", "after something else"])
def test_posts_that_are_not_plain_arrive_too(plane: Plane, manner: str) -> None:
    with plane.connected() as (client, own):
        first, second, third = (_bytes(_request(plane, own, text)) for text in (b"1", b"2", b"3"))
        pieces = {
            "in pieces": (first, second[:-1], second[-1:], third[:40], third[40:]),
            "two at once": (first + second, third),
            "after something else": (
                first,
                b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                second,
                third,
            ),
        }[manner]

        answers = _exchange(plane, *pieces, answers=4 if len(pieces) == 4 else 3)

        assert [status for status, *_ in answers if status != 404] == [200, 200, 200]
        assert [client.recv(PATIENCE) for _ in range(3)] == ["1", "2", "3"]


def test_an_idle_kept_alive_connection_is_closed_without_a_response(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client could take a 408 for the response to a request that it is just sending."""
    monkeypatch.setattr("sandbox.http.server.KEEP_ALIVE_SECONDS", 0.1)
    monkeypatch.setattr("sandbox.http.server.HEADERS_SECONDS", 0.1)
    post = _bytes(_request(plane, UNKNOWN, b"hello"))
    with plane.raw(handshake=False) as sock, sock.makefile("rb") as stream:
        sock.sendall(post)
        assert _answer(stream)[0] == 410

        assert stream.read() == b""
