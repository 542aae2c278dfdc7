"""The token buckets, and the account's quotas and latencies at the gateway."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import InvalidStatus

from sandbox.gateway.quotas import Throttle
from tests.sandbox.plane import CREDENTIALS, PATIENCE, Plane


def test_changed_limits_start_with_a_full_bucket() -> None:
    throttle = Throttle(lambda: 0)
    assert not throttle.take("heartbeat", 0, 0)

    taken = [throttle.take("heartbeat", 100, 2) for _ in range(3)]

    assert taken == [True, True, False]


def test_a_handshake_beyond_the_quota_is_refused_until_the_next_second(plane: Plane) -> None:
    plane.physics.change({"connects_per_second": 2})

    for _ in range(2):
        with plane.open():
            pass
    with pytest.raises(InvalidStatus) as refused, plane.open():
        pass

    assert refused.value.response.status_code == 429
    assert b"Too Many Requests" in refused.value.response.body
    plane.clock.advance(1, lambda: None)
    with plane.open():
        pass


def test_a_refused_handshake_calls_no_handler(plane: Plane) -> None:
    plane.physics.change({"connects_per_second": 1})
    with plane.connected():
        pass

    with pytest.raises(InvalidStatus), plane.open():
        pass

    plane.settle()
    assert plane.app.saw_nothing("connect")


def test_messages_and_posts_beyond_the_quota_are_throttled(plane: Plane) -> None:
    with plane.connected() as (client, own):
        plane.physics.change({"calls_per_second": 4})  # a bucket of 2

        assert plane.manage("POST", own, b"1").status == 200
        client.send("2")
        answers = [client.recv(PATIENCE), client.recv(PATIENCE)]
        refused = plane.manage("POST", own, b"3")
        client.send("4")

        assert answers == ["1", "2"]
        assert (refused.status, refused.headers["x-amzn-ErrorType"]) == (
            429,
            "LimitExceededException",
        )
        assert json.loads(client.recv(PATIENCE)) == {"message": "Too Many Requests"}
        plane.clock.advance(1, lambda: None)
        assert plane.manage("POST", own, b"5").status == 200
        assert client.recv(PATIENCE) == "5"


def test_without_physics_nothing_is_limited(plane: Plane) -> None:
    with plane.connected() as (client, own):
        statuses = [plane.manage("POST", own, b"x").status for _ in range(50)]

        assert statuses == [200] * 50
        assert [client.recv(PATIENCE) for _ in range(50)] == ["x"] * 50


def test_a_post_takes_its_time_and_blocks_no_other(plane: Plane) -> None:
    plane.physics.change({"management_ms": 300})
    with plane.connected() as (client, own), ThreadPoolExecutor(10) as threads:
        began = time.monotonic()
        posts = [threads.submit(plane.manage, "POST", own, b"x") for _ in range(10)]
        statuses = [post.result().status for post in posts]
        took = time.monotonic() - began

        assert statuses == [200] * 10
        assert 0.3 <= took < 1.5  # ten one after the other would take 3 s
        assert [client.recv(PATIENCE) for _ in range(10)] == ["x"] * 10


def test_a_post_that_does_not_take_the_fast_path_takes_as_long(plane: Plane) -> None:
    plane.physics.change({"management_ms": 200})
    with plane.connected() as (_, own):
        began = time.monotonic()

        assert plane.manage("GET", own).status == 200
        assert time.monotonic() - began >= 0.2


def test_posts_that_do_not_wait_for_the_response_are_carried_out_in_order(plane: Plane) -> None:
    plane.physics.change({"management_ms": 20})
    with plane.connected() as (client, own), plane.raw(handshake=False) as sock:
        requests = [plane.signed("POST", own, text, CREDENTIALS) for text in (b"1", b"2", b"3")]
        sock.sendall(_bytes(requests[0]))
        time.sleep(0.005)  # in a piece of its own
        sock.sendall(_bytes(requests[1]))
        time.sleep(0.005)
        sock.sendall(_bytes(requests[2]))

        assert [client.recv(PATIENCE) for _ in range(3)] == ["1", "2", "3"]
        with sock.makefile("rb") as stream:
            for _ in range(3):
                assert stream.readline().split()[1] == b"200"
                stream.read(int(http.client.parse_headers(stream)["Content-Length"]))


def _bytes(request: object) -> bytes:
    url, headers, body = (getattr(request, name) for name in ("url", "headers", "data"))
    _, _, host, path = str(url).split("/", 3)
    fields = [f"{name}: {value}" for name, value in headers.items()]
    lines = [f"POST /{path} HTTP/1.1", f"Host: {host}", *fields, f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + bytes(body)
