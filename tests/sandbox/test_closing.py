"""The ends of a socket, and the `$disconnect` events for them."""

import contextlib
import gc
import socket
import threading

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.sandbox.plane import PATIENCE, Plane, running_plane


def test_a_clients_close_is_reported_with_its_code_and_reason(plane: Plane) -> None:
    with plane.open() as client:
        connected = plane.app.saw("connect")["requestContext"]
        client.close(4001, "done here")

    context = plane.app.saw("disconnect")["requestContext"]
    assert context["routeKey"] == "$disconnect"
    assert context["eventType"] == "DISCONNECT"
    assert context["disconnectStatusCode"] == 4001
    assert context["disconnectReason"] == "done here"
    assert context["connectionId"] == connected["connectionId"]
    assert context["connectedAt"] == connected["connectedAt"]


def test_a_close_frame_without_code_is_1005(plane: Plane) -> None:
    sock = plane.raw()
    sock.sendall(b"\x88\x80\0\0\0\0")

    context = plane.app.saw("disconnect")["requestContext"]
    assert context["disconnectStatusCode"] == 1005
    assert context["disconnectReason"] == "Client-side close frame status not set"
    sock.close()


def test_a_lost_connection_without_a_close_frame_is_1006(plane: Plane) -> None:
    plane.raw().close()

    assert plane.app.saw("disconnect")["requestContext"]["disconnectStatusCode"] == 1006


def test_disconnect_is_reported_once(plane: Plane) -> None:
    with plane.open() as client:
        client.close()
    plane.app.saw("disconnect")
    plane.settle()

    assert plane.app.saw_nothing("disconnect")


def test_ten_idle_minutes_close_with_1001(plane: Plane) -> None:
    with plane.open() as client:
        plane.advance(9 * 60)
        client.send("still here")
        client.recv(PATIENCE)
        plane.advance(9 * 60)
        assert plane.app.saw_nothing("disconnect")

        plane.advance(2 * 60)

        assert _closed_with(client) == 1001
    assert plane.app.saw("disconnect")["requestContext"]["disconnectStatusCode"] == 1001


def test_two_hours_close_even_a_busy_socket_with_1001(plane: Plane) -> None:
    with plane.open() as client:
        for _ in range(15):
            client.send("x")
            client.recv(PATIENCE)
            plane.advance(8 * 60 - 1)
        assert plane.app.saw_nothing("disconnect")

        plane.advance(60)

        assert _closed_with(client) == 1001


def test_a_stop_of_the_gateway_closes_with_1001() -> None:
    with contextlib.ExitStack() as clients:
        with running_plane() as plane:
            client = clients.enter_context(plane.open())
        assert _closed_with(client) == 1001


def test_a_handler_that_ends_after_the_gateway_has_stopped_logs_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before, go_on = set(threading.enumerate()), threading.Event()
    with contextlib.ExitStack() as clients:
        with running_plane(threads=2) as plane:
            plane.app.answers["message"] = lambda _: go_on.wait(PATIENCE) and {"statusCode": 200}
            sockets = [clients.enter_context(plane.open()) for _ in range(20)]
            for client in sockets:
                client.send("x")
            for _ in range(2):
                plane.app.saw("message")  # the others wait for a thread
        go_on.set()
        assert [_closed_with(client) for client in sockets] == [1001] * 20

    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
    assert plane.app.saw_nothing("message")
    assert plane.app.saw_nothing("disconnect")
    assert [record.getMessage() for record in caplog.records] == []


def _closed_with(client: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(PATIENCE)
    return closed.value.rcvd.code if closed.value.rcvd else None


@pytest.mark.parametrize("many", range(8))
def test_a_client_that_connects_during_the_stop_leaves_no_socket_open(many: int) -> None:
    with contextlib.ExitStack() as sockets, running_plane() as plane:
        address = ("127.0.0.1", plane.port)
        for _ in range(many):
            sockets.enter_context(socket.create_connection(address, timeout=PATIENCE))

    gc.collect()  # a socket that was forgotten is a ResourceWarning, and that an error
