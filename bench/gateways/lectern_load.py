"""The load on Lectern's own handlers, by the clients of `load.py`.

    python -m bench.gateways.lectern_load PORT TOKEN

prints the figures: bare connections, joins, heartbeats, broadcasts, and a room that leaves at once.
"""

import contextlib
import json
import re
import statistics
import sys
import time

from bench.gateways.load import CLIENTS, Crowd, alone, frame, together

_HEARTBEAT = '{"action":"heartbeat"}'
_BROADCAST = frame(json.dumps({"action": "broadcast", "data": "x" * 90}))


def main() -> None:
    port, token = int(sys.argv[1]), sys.argv[2]
    start = "/local?role=speaker&action=createSession&sourceLanguage=en&token="
    speaker = Crowd(port, start + token, 1)
    found = re.search(rb'"sessionId":"([a-z0-9-]+)"', _next(speaker, b"sessionCreated"))
    assert found, "no session"
    join = "/local?role=listener&action=joinSession&targetLanguage=es&sessionId="
    with contextlib.closing(Crowd(port, "/local", CLIENTS)) as crowd:
        figures = {
            "connections/s": CLIENTS / crowd.seconds,
            "heartbeat ms": alone(crowd, _HEARTBEAT, 200),
            "heartbeats/s": together(crowd, _HEARTBEAT, 2.0),
        }
    time.sleep(1)
    room = Crowd(port, join + found[1].decode(), CLIENTS)
    _everybody(room, b"sessionJoined")
    figures["joins/s"] = CLIENTS / room.seconds
    figures["broadcast to 200, ms"] = statistics.median(_broadcast(speaker, room) for _ in range(5))
    started = time.perf_counter()
    room.close()
    while _listeners(speaker):
        pass
    figures["200 disconnects, ms"] = (time.perf_counter() - started) * 1000
    print(json.dumps(figures))


def _broadcast(speaker: Crowd, room: Crowd) -> float:
    """From the speaker's message to the last listener's, in milliseconds."""
    started = time.perf_counter()
    speaker.clients[0].send(_BROADCAST)
    _everybody(room, b'"broadcast"')
    took = (time.perf_counter() - started) * 1000
    _next(speaker, b"broadcastAccepted")
    return took


def _everybody(room: Crowd, kind: bytes) -> None:
    """Until each has one. Who has just joined may have what is said meanwhile twice."""
    left = set(room.clients)
    while left:
        left -= {each for each in room.ready() if any(kind in text for text in each.texts())}


def _listeners(speaker: Crowd) -> int:
    speaker.clients[0].send(frame('{"action":"getSessionStatus","id":"1"}'))
    count: int = json.loads(_next(speaker, b'"id":"1"'))["listenerCount"]
    return count


def _next(crowd: Crowd, kind: bytes) -> bytes:
    """The next message of the first client that has this in it."""
    while True:
        crowd.ready()
        for text in crowd.clients[0].texts():
            if kind in text:
                return text


if __name__ == "__main__":
    main()
