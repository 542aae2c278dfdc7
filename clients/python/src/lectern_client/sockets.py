"""The socket below a connection, opened with the `websockets` library."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from lectern_client.errors import LecternError, connection_lost

_FRAGMENT = 8 * 1024
"""Characters in a frame: at most 32 KB in UTF-8. API Gateway closes on a longer frame."""


class Socket(Protocol):
    async def send(self, text: str) -> None:
        """Raise nothing: a closed socket shows in `receive`."""

    async def receive(self) -> str:
        """Return the next message. Raises LecternError: CONNECTION_LOST if the socket is closed."""

    async def close(self, code: int) -> None: ...


Connect = Callable[[str, str | None, float], Awaitable[Socket]]
"""Opens a socket, given a URL, a token, and a timeout in seconds."""


async def open_socket(url: str, token: str | None, timeout: float) -> Socket:
    """Open a socket, with the token in the Authorization header.

    Raises:
        LecternError: HANDSHAKE_REFUSED with the status, or CONNECTION_FAILED.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        connection = await connect(
            url,
            additional_headers=headers,
            compression=None,
            ping_interval=None,  # the protocol's heartbeats find a dead socket
            open_timeout=timeout,
            close_timeout=1,
        )
    except InvalidStatus as refusal:
        raise _refused(refusal) from refusal
    except (OSError, TimeoutError, InvalidHandshake, EOFError) as problem:
        raise LecternError("CONNECTION_FAILED", str(problem)) from problem
    return _WebSocket(connection)


class _WebSocket:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text if len(text) <= _FRAGMENT else _fragments(text))
        except ConnectionClosed:
            return

    async def receive(self) -> str:
        try:
            return str(await self._connection.recv())
        except ConnectionClosed as closed:
            raise connection_lost(str(closed)) from closed

    async def close(self, code: int) -> None:
        await self._connection.close(code)


def _fragments(text: str) -> list[str]:
    return [text[at : at + _FRAGMENT] for at in range(0, len(text), _FRAGMENT)]


def _refused(refusal: InvalidStatus) -> LecternError:
    status = refusal.response.status_code
    retry_after = refusal.response.headers.get("Retry-After", "")
    return LecternError(
        "HANDSHAKE_REFUSED",
        f"refused with {status} {refusal.response.reason_phrase}",
        status=status,
        retry_after=float(retry_after) if retry_after.isdigit() else None,
    )
