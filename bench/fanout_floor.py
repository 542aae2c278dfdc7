"""The floor of a fan-out in Python: bare sockets, epoll, a cached signing key, and nothing else.

It handles no error: no timeouts, retries, reconnects, partial sends or chunks.
"""

import os
import select
import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

from chalicelib.aws.credentials import credentials
from chalicelib.aws.http.sigv4 import Signer, hashed


def floor(url: str, data: bytes, concurrency: int) -> Callable[[list[str]], None]:
    """Return a function that posts `data` to connections by their names, over `concurrency`
    sockets."""
    request = _requests(url, data)
    poll = select.epoll()
    connections = [_connect(url) for _ in range(concurrency)]
    by_number = {connection.fileno(): connection for connection in connections}
    for connection in connections:
        poll.register(connection, select.EPOLLIN)

    def fan(names: list[str]) -> None:
        waiting = iter(names)
        left = len(names)
        for connection, name in zip(connections, waiting, strict=False):
            connection.send(request(name))
        while left:
            for number, _ in poll.poll():
                connection = by_number[number]
                try:
                    assert connection.recv(16384).startswith(b"HTTP/1.1 200")
                except ssl.SSLWantReadError:
                    continue
                left -= 1
                following = next(waiting, None)
                if following is not None:
                    connection.send(request(following))

    return fan


def _requests(url: str, data: bytes) -> Callable[[str], bytes]:
    parts = urlsplit(url)
    signer = Signer("execute-api", "us-east-1", credentials(os.environ))
    signing = signer.prepare({"host": parts.netloc})
    body_hash = hashed(data)

    def request(name: str) -> bytes:
        path = f"{parts.path}/@connections/{name.replace('=', '%3D')}"
        signed = path.replace("@", "%40").replace("%3D", "%253D")
        authorization = signing.authorization("POST", signed, "", body_hash)
        return (
            f"POST {path} HTTP/1.1\r\n{signing.headers}content-length: {len(data)}\r\n"
            f"authorization: {authorization}\r\n\r\n"
        ).encode() + data

    return request


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 443))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
        connection = context.wrap_socket(connection, server_hostname=parts.hostname)
    connection.setblocking(False)
    return connection
