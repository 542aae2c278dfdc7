"""An HTTP/1.1 server on a free local port, whose responses a test scripts byte by byte."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request as it came in; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int
    """Counts the TCP connections, from 1."""

    @property
    def connection_id(self) -> str:
        """The last part of `/stage/@connections/{id}`, as it stands on the wire."""
        return self.target.rsplit("/", 1)[1]


@dataclass(frozen=True)
class Raw:
    """Raw bytes, and then perhaps the end of the connection."""

    data: bytes
    close: bool = False


class Hang:
    """No response at all, until the server stops."""


@dataclass(frozen=True)
class Drip:
    """These bytes, one every 20 ms: never long enough without news to be given up for that."""

    data: bytes


Answer = int | Raw | Hang | Drip
"""A status with an empty body, or something less usual."""


def answer(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, close: bool = False
) -> Raw:
    """Return a complete, well-formed response."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return Raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body, close)


def json_answer(body: Mapping[str, Any], status: int = 200) -> Raw:
    """Return a JSON response of DynamoDB or SQS."""
    headers = {"Content-Type": "application/x-amz-json-1.0"}
    return answer(status, json.dumps(body).encode(), headers)


@dataclass
class ScriptedServer:
    """Responds by `script`, which may be changed at any time. Each connection has a thread."""

    script: Callable[[Request], Answer] = lambda request: 200  # noqa: ARG005
    tls: ssl.SSLContext | None = None
    refuse_early: Raw | None = None
    """Sent as soon as a connection sends anything, before its request is read."""
    hold_back: threading.Event = field(default_factory=threading.Event)
    """While it is set, nothing is read: send buffers fill up."""
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> "ScriptedServer":
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: dict[int, socket.socket] = {}
        self._stopped = threading.Event()
        self._connections = 0
        self._connected = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()
        for thread in self._threads:
            thread.join()

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait_for_connection(self) -> None:
        """Return once a client is connected and its TLS handshake is done."""
        assert self._connected.wait(10)

    def drop_connections(self, other_than: int = 0) -> None:
        """Close every open connection, as a peer does while a Lambda is frozen."""
        for number, connection in list(self._open.items()):
            if number != other_than:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections += 1
            arguments = (connection, self._connections)
            self._threads.append(threading.Thread(target=self._serve, args=arguments, daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._open[number] = connection
            self._connected.set()
            with connection, connection.makefile("rb") as reader:
                while self.hold_back.is_set():
                    self._stopped.wait(0.01)
                if self.refuse_early and connection.recv(1):
                    connection.sendall(self.refuse_early.data)
                    return
                while (request := _read(reader, number)) is not None:
                    self.requests.append(request)
                    if not self._send(connection, self.script(request)):
                        break

    def _send(self, connection: socket.socket, what: Answer) -> bool:
        if isinstance(what, Hang):
            self._stopped.wait()
            return False
        if isinstance(what, Drip):
            for byte in what.data:
                connection.sendall(bytes([byte]))
                if self._stopped.wait(0.02):
                    break
            return False
        raw = answer(what) if isinstance(what, int) else what
        connection.sendall(raw.data)
        return not raw.close


def _read(reader: Any, number: int) -> Request | None:
    start = reader.readline().decode("latin-1").split()
    if len(start) != 3:
        return None
    headers: dict[str, str] = {}
    while line := reader.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", 0)))
    return Request(start[0], start[1], headers, body, number)
