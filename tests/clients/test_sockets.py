"""The Python SDK's sockets, against a real server."""

from http import HTTPStatus

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from lectern_client import LecternError
from lectern_client.sockets import open_socket


def url_of(server: Server) -> str:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return f"ws://127.0.0.1:{port}/local"


async def greet(connection: ServerConnection) -> None:
    request = connection.request
    assert request is not None
    await connection.send(request.headers.get("Authorization", "nobody"))
    await connection.send(await connection.recv())


@pytest.mark.parametrize(("token", "seen"), [("jwt", "Bearer jwt"), (None, "nobody")])
async def test_the_token_travels_in_the_header(token: str | None, seen: str) -> None:
    async with serve(greet, "127.0.0.1", 0) as server:
        socket = await open_socket(url_of(server), token, 5)
        assert await socket.receive() == seen
        await socket.send("hello")
        assert await socket.receive() == "hello"
        with pytest.raises(LecternError, match="CONNECTION_LOST"):
            await socket.receive()
        await socket.send("to nobody")
        await socket.close(1000)


async def test_a_long_message_goes_out_in_frames_that_the_gateway_takes() -> None:
    async def echo(connection: ServerConnection) -> None:
        frames = [frame async for frame in connection.recv_streaming(decode=False)]
        await connection.send(str(max(map(len, frames))))
        await connection.send(b"".join(frames).decode())

    async with serve(echo, "127.0.0.1", 0) as server:
        socket = await open_socket(url_of(server), None, 5)
        text = "日本" * 20_000
        await socket.send(text)
        assert int(await socket.receive()) <= 32 * 1024
        assert await socket.receive() == text
        await socket.close(1000)


async def test_a_refused_handshake_has_its_status_and_retry_after() -> None:
    def refuse(_: ServerConnection, __: Request) -> Response:
        status = HTTPStatus.TOO_MANY_REQUESTS
        headers = Headers({"Retry-After": "17", "Content-Length": "0"})
        return Response(status, status.phrase, headers, b"")

    async with serve(greet, "127.0.0.1", 0, process_request=refuse) as server:
        with pytest.raises(LecternError) as refusal:
            await open_socket(url_of(server), None, 5)
    problem = refusal.value
    assert (problem.code, problem.status, problem.retry_after) == ("HANDSHAKE_REFUSED", 429, 17)
    assert problem.retryable


async def test_without_a_server_the_connection_fails() -> None:
    async with serve(greet, "127.0.0.1", 0) as server:
        url = url_of(server)
    with pytest.raises(LecternError, match="CONNECTION_FAILED") as refusal:
        await open_socket(url, None, 5)
    assert refusal.value.retryable
