"""The load: plain sockets and epoll in a process of its own, so that the gateway is what limits.

    python -m bench.gateways.load PORT PATH

prints the figures of one gateway. A round trip costs it about 10 µs of CPU: frames are made once,
and of what comes back only the length is read.
"""

import contextlib
import json
import select
import socket
import statistics
import struct
import sys
import time
from collections.abc import Iterable

CLIENTS = 200
_PATIENCE = 20.0
_PADDING = "x" * 90


class Client:
    """One socket: a handshake, then whole frames in either direction."""

    def __init__(self, port: int, path: str) -> None:
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()
        self._sock = socket.socket()
        self._sock.setblocking(False)
        self._sock.connect_ex(("127.0.0.1", port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def fileno(self) -> int:
        return self._sock.fileno()

    def shake(self) -> None:
        self._sock.send(self._request)

    def shaken(self) -> bool:
        """Whether the handshake is done; messages may follow it at once.

        Raises ConnectionRefusedError.
        """
        head, end, _ = self._sock.recv(4096, socket.MSG_PEEK).partition(b"\r\n\r\n")
        if end and not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionRefusedError(head.decode())
        if end:
            self._sock.recv(len(head) + len(end))
        return bool(end)

    def send(self, frame: bytes) -> None:
        self._sock.send(frame)

    def texts(self) -> list[bytes]:
        """The messages that have arrived whole; under 64 KB each, as all are here."""
        self._received += self._sock.recv(65536)
        found = []
        while len(self._received) >= 4:
            length, start = self._received[1], 2
            if length == 126:
                length, start = struct.unpack_from(">H", self._received, 2)[0], 4
            if len(self._received) < start + length:
                break
            found.append(self._received[start : start + length])
            self._received = self._received[start + length :]
        return found

    def close(self) -> None:
        self._sock.close()


class Crowd:
    """Clients on one epoll."""

    def __init__(self, port: int, path: str, count: int) -> None:
        self._epoll = select.epoll()
        started = time.perf_counter()
        self.clients = [Client(port, path) for _ in range(count)]
        self._by_number = {client.fileno(): client for client in self.clients}
        for number in self._by_number:
            self._epoll.register(number, select.EPOLLOUT)
        self._shake()
        self.seconds = time.perf_counter() - started

    def ready(self, within: float = _PATIENCE) -> list[Client]:
        """The clients that have something to read. Raises TimeoutError if none has in time."""
        events = self._epoll.poll(within)
        if not events:
            raise TimeoutError("a gateway gave no answer")
        return [self._by_number[number] for number, _ in events]

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self._epoll.close()

    def _shake(self) -> None:
        left = len(self.clients)
        while left:
            for number, event in self._epoll.poll(_PATIENCE):
                client = self._by_number[number]
                if event == select.EPOLLOUT:
                    client.shake()
                    self._epoll.modify(number, select.EPOLLIN)
                elif client.shaken():
                    left -= 1


def frame(text: str) -> bytes:
    """A text frame of a client. The mask is 0: it leaves the text as it is, and is allowed."""
    data = text.encode()
    size = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(">BH", 0xFE, len(data))
    return b"\x81" + size + bytes(4) + data


def alone(crowd: Crowd, text: str, times: int) -> float:
    """The median round trip of one client that waits for each answer, in milliseconds."""
    client, data, took = crowd.clients[0], frame(text), []
    for _ in range(times):
        started = time.perf_counter()
        client.send(data)
        while not any(each.texts() for each in crowd.ready()):
            pass
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1000


def together(crowd: Crowd, text: str, seconds: float) -> float:
    """Round trips a second of all clients, each with one message under way."""
    data, count = frame(text), 0
    for client in crowd.clients:
        client.send(data)
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        for client in crowd.ready():
            for _ in client.texts():
                count += 1
                client.send(data)
    elapsed = time.perf_counter() - started
    under_way = len(crowd.clients)
    while under_way:
        under_way -= sum(len(client.texts()) for client in crowd.ready())
    return count / elapsed


def fan_out(crowd: Crowd, recipients: int, times: int = 10) -> float:
    """From one client's message to the last recipient's, in milliseconds; the median."""
    data, took = frame(f"fan {recipients} {_PADDING}"), []
    for _ in range(times):
        started = time.perf_counter()
        crowd.clients[-1].send(data)
        left = recipients
        while left:
            left -= sum(len(client.texts()) for client in crowd.ready())
        took.append(time.perf_counter() - started)
        time.sleep(0.02)  # the handler itself has to end: the next message is not to wait for it
    return statistics.median(took) * 1000


def disconnected(port: int, path: str, crowd: Crowd) -> tuple[float, float]:
    """All close at once: the handlers that did not come in ten seconds, and milliseconds to all."""
    watch = Crowd(port, path, 1)
    before = _closed(watch)
    started = time.perf_counter()
    crowd.close()
    seen = 0
    while seen < len(crowd.clients) and time.perf_counter() < started + 10:
        seen = _closed(watch) - before
    elapsed = time.perf_counter() - started
    watch.close()
    return len(crowd.clients) - seen, elapsed * 1000


def _closed(watch: Crowd) -> int:
    watch.clients[0].send(frame("closed"))
    texts: Iterable[bytes] = ()
    while not texts:
        texts = [text for client in watch.ready() for text in client.texts()]
    return int(next(iter(texts)))


def main() -> None:
    port, path = int(sys.argv[1]), sys.argv[2]
    with contextlib.closing(Crowd(port, path, CLIENTS)) as crowd:
        cold = CLIENTS / crowd.seconds
    warm = []
    for _ in range(5):
        time.sleep(0.5)
        with contextlib.closing(Crowd(port, path, CLIENTS)) as crowd:
            warm.append(CLIENTS / crowd.seconds)
    time.sleep(0.5)
    crowd = Crowd(port, path, CLIENTS)
    figures = {
        "connections/s, cold": cold,
        "connections/s": statistics.median(warm),
        "echo ms": alone(crowd, f"echo {_PADDING}", 500),
        "echoes/s": together(crowd, f"echo {_PADDING}", 2.0),
        "posted echo ms": alone(crowd, f"post {_PADDING}", 500),
        "posted echoes/s": together(crowd, f"post {_PADDING}", 2.0),
    }
    unhandled, ms = disconnected(port, path, crowd)
    time.sleep(0.5)
    with contextlib.closing(Crowd(port, path, 501)) as crowd:
        figures["fan-out to 100, ms"] = fan_out(crowd, 100)
        figures["fan-out to 500, ms"] = fan_out(crowd, 500)
    figures |= {"200 disconnects, ms": ms, "disconnects unhandled": unhandled}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
