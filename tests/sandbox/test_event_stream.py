"""`GET /_sandbox/events` and `POST /_sandbox/cut`, which the console uses."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import RecordingStack
from tests.sandbox.plane import PATIENCE

Event = tuple[str, Any]


class Follower:
    """A subscriber: keeps the snapshot, and reads changes when a test waits for them."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.changes: list[list[Any]] = []

    async def snapshot(self) -> dict[str, Any]:
        name, data = await self._next()
        assert name == "snapshot"
        return dict(data)

    async def until(self, kind: str, matches: Callable[[Any], bool] = lambda _: True) -> Any:
        """Return the data of the first change of that kind that `matches`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for told, what in self.changes:
                    if told == kind and matches(what):
                        return what
                name, data = await self._next()
                assert name == "changes"
                self.changes.extend(data)

    async def _next(self) -> Event:
        name = ""
        async for line in self._response.content:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                name = value
            if field == "data":
                return name, json.loads(value)
        raise AssertionError("the events have ended")


@asynccontextmanager
async def following(stack: RecordingStack) -> AsyncIterator[Follower]:
    url = f"http://127.0.0.1:{stack.sandbox.port}/_sandbox/events"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.content_type == "text/event-stream"
        yield Follower(response)


async def test_a_subscriber_first_gets_a_snapshot(stack: RecordingStack) -> None:
    stack.put_session("golden-eagle-427", listenerCount={"N": "3"})

    async with following(stack) as follower:
        snapshot = await follower.snapshot()

    item = {"sessionId": "golden-eagle-427", "isActive": False, "listenerCount": 3}
    assert snapshot["tables"]["sessions"] == [item]
    assert snapshot["keys"]["history"] == ["streamKey", "seq"]
    assert snapshot["schedules"] == stack.sandbox.schedules()
    assert snapshot["faults"] == []


async def test_each_write_is_published_with_its_key(stack: RecordingStack) -> None:
    async with following(stack) as follower:
        await follower.snapshot()
        await asyncio.to_thread(stack.put_session, "golden-eagle-427")

        told = await follower.until("item")

    key = {"sessionId": "golden-eagle-427"}
    assert told == {"table": "sessions", "key": key, "item": key | {"isActive": False}}


async def test_a_deleted_item_is_published_as_null(stack: RecordingStack) -> None:
    stack.put_session("golden-eagle-427")
    key = {"sessionId": {"S": "golden-eagle-427"}}

    async with following(stack) as follower:
        await follower.snapshot()
        table = stack.environ["SESSIONS_TABLE_NAME"]
        await asyncio.to_thread(stack.dynamodb.delete_item, TableName=table, Key=key)

        told = await follower.until("item")

    assert told["item"] is None


async def test_a_move_of_the_clock_is_published(stack: RecordingStack) -> None:
    async with following(stack) as follower:
        before = (await follower.snapshot())["now"]
        await asyncio.to_thread(stack.call, "POST", "/_sandbox/clock", json={"advance": 90})

        told = await follower.until("clock")

    assert told["now"] >= before + 90_000


async def test_lines_of_the_log_are_published(stack: RecordingStack) -> None:
    async with following(stack) as follower:
        await follower.snapshot()
        stack.sandbox.take_line('{"event":"connected"}')

        assert await follower.until("line") == '{"event":"connected"}'


async def test_a_fault_is_published_when_added_and_when_used_up(
    stack: RecordingStack,
) -> None:
    fault = {"target": "dynamodb", "fault": "throttle", "times": 1}

    async with following(stack) as follower:
        await follower.snapshot()
        await asyncio.to_thread(stack.call, "POST", "/_sandbox/faults", json=fault)
        told = await follower.until("faults", bool)
        await asyncio.to_thread(stack.put_session, "golden-eagle-427")  # boto3 tries again

        assert await follower.until("faults", lambda faults: not faults) == []
    assert told == [{**fault, "seed": 0, "seconds": 1.0}]


async def test_a_subscriber_that_disconnects_is_removed(stack: RecordingStack) -> None:
    async with following(stack) as follower:
        await follower.snapshot()
        assert stack.sandbox.event_stream.has_subscribers

    async with asyncio.timeout(PATIENCE):
        while stack.sandbox.event_stream.has_subscribers:
            stack.sandbox.event_stream.publish("line", "is anybody there?")
            await asyncio.sleep(0.01)


async def test_a_socket_is_cut_by_the_client_in_its_url_without_a_close_frame(
    stack: RecordingStack,
) -> None:
    url = f"ws://127.0.0.1:{stack.sandbox.port}/local?client="
    async with aiohttp.ClientSession() as session:
        mine, other = await session.ws_connect(f"{url}a-1"), await session.ws_connect(f"{url}a-2")

        answer = await asyncio.to_thread(
            stack.call, "POST", "/_sandbox/cut", json={"client": "a-1"}
        )

        assert answer == (200, {"cut": 1})
        assert (await mine.receive(PATIENCE)).type is aiohttp.WSMsgType.CLOSED
        assert mine.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE
        assert not other.closed
        for socket in (mine, other):
            await socket.close()  # what is left to the garbage collector fails on Python 3.13
    sent = await asyncio.to_thread(stack.app.saw, "disconnect")
    assert sent["requestContext"]["disconnectStatusCode"] == 1006


@pytest.mark.parametrize("body", [{}, {"client": ""}, {"client": 1}, []])
async def test_a_cut_without_a_client_is_refused(stack: RecordingStack, body: Any) -> None:
    status, _ = await asyncio.to_thread(stack.call, "POST", "/_sandbox/cut", json=body)

    assert status == 400


async def test_the_client_is_served_beside_the_console(stack: RecordingStack) -> None:
    page = await asyncio.to_thread(stack.page, "/clients/js/lectern.js")

    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/javascript")
    assert b"as createSession" in page.data  # the bundle, minified
