"""Connections to one endpoint: its addresses, TCP, and TLS over it where the URL says so."""

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.errors import RequestRejected

if TYPE_CHECKING:
    from chalicelib.aws.http.tls import Tls

Address = tuple[Any, ...]
"""An entry of what `socket.getaddrinfo` returns."""

_ADDRESSES_FOR = 30.0
"""Seconds for which resolved addresses are used; AWS's records live for 5 to 60."""


class Endpoint:
    """The address of one service, and how to connect to it. Thread-safe."""

    def __init__(
        self,
        url: str,
        environ: Mapping[str, str],
        look_up: Callable[..., Sequence[Address]] = socket.getaddrinfo,
    ) -> None:
        """`url` is http:// or https://; `AWS_CA_BUNDLE` in `environ` names other roots.

        Raises:
            RequestRejected: `url` is not an http(s) URL.
        """
        parts = urlsplit(url)
        hostname = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not hostname or not hostname.isascii():
            raise RequestRejected(f"not an http(s) URL: {url!r}")
        # As bytes: the codec for international names costs a cold start 3 ms, and AWS has none.
        self._hostname = hostname.encode()
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self.host = parts.netloc.rpartition("@")[2]
        """The `Host` header: with the port, if the URL has one."""
        self.path = parts.path.rstrip("/")
        self.tls: Tls | None = None
        self.blocked: tuple[type[Exception], ...] = (BlockingIOError,)
        """The exceptions that a non-blocking connection raises instead of waiting."""
        if parts.scheme == "https":
            from chalicelib.aws.http import tls  # noqa: PLC0415 - not needed for http:// endpoints

            self.tls = tls.Tls(hostname, environ.get("AWS_CA_BUNDLE", ""))
            self.blocked = tls.BLOCKED
        self._look_up = look_up
        self._lock = threading.Lock()
        self._addresses: list[Address] = []
        self._resolved = 0.0

    def connect(self, timeout: float) -> socket.socket:
        """Return a blocking connection, after its TLS handshake.

        Raises OSError within `timeout` s.
        """
        end = time.monotonic() + timeout
        try:
            return self._secured(self._connected(end), end)
        except OSError as problem:
            if not self.trust_all_roots(problem):
                raise
        return self._secured(self._connected(end), end)

    def start(self, turn: int) -> tuple[socket.socket, Address]:
        """Begin to connect without blocking. Return the socket and the address, chosen by `turn`.

        Raises OSError.
        """
        while True:
            addresses = self._resolve()
            address = addresses[turn % len(addresses)]
            try:
                return _begin_to_connect(address), address
            except OSError:
                if not self.skip_address(address):
                    raise

    def skip_address(self, address: Address) -> bool:
        """Skip an address until the next look-up. Return True if there are others."""
        with self._lock:
            self._addresses = [other for other in self._addresses if other != address]
            return bool(self._addresses)

    def keep_session(self, connection: socket.socket) -> None:
        """Keep the TLS session of a connection that has carried a response, to resume it later."""
        if self.tls:
            self.tls.keep_session(connection)

    def trust_all_roots(self, problem: OSError) -> bool:
        """Trust more roots, if `problem` may be due to that.

        Return True if so: connect again then.
        """
        return self.tls is not None and self.tls.trust_all_roots(problem)

    def _resolve(self) -> list[Address]:
        with self._lock:
            if not self._addresses or time.monotonic() - self._resolved > _ADDRESSES_FOR:
                found = self._look_up(self._hostname, self._port, type=socket.SOCK_STREAM)
                self._addresses, self._resolved = list(found), time.monotonic()
            return self._addresses

    def _connected(self, end: float) -> socket.socket:
        while True:
            address = self._resolve()[0]
            connection = _socket(address)
            try:
                connection.settimeout(_seconds_left(end))
                connection.connect(address[4])
            except OSError:
                connection.close()
                if not self.skip_address(address) or time.monotonic() >= end:
                    raise
            else:
                return connection

    def _secured(self, connection: socket.socket, end: float) -> socket.socket:
        if self.tls is None:
            return connection
        secured = self.tls.wrap(connection)
        try:
            secured.settimeout(_seconds_left(end))
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
        return secured


def _socket(address: Address) -> socket.socket:
    family, kind, protocol, _, _ = address
    connection = socket.socket(family, kind, protocol)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _begin_to_connect(address: Address) -> socket.socket:
    connection = _socket(address)
    try:
        connection.setblocking(False)
        error = connection.connect_ex(address[4])
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, os.strerror(error))
    except OSError:
        connection.close()
        raise
    return connection


def _seconds_left(end: float) -> float:
    return max(0.001, end - time.monotonic())
