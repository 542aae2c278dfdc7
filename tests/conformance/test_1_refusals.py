"""PROTOCOL 1.3: with `refusal=message` a refused handshake is told on its socket."""

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conformance.raw import Refused
from tests.conformance.stack import Stack

UNKNOWN = {"action": "joinSession", "sessionId": "golden-nobody-000", "targetLanguage": "es"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"role": "pilot"}, 400),
        ({"action": "dance"}, 400),
        ({"role": "speaker"}, 401),
        ({"token": "nonsense"}, 401),
        ({"action": "createSession", "sourceLanguage": "en"}, 403),
        (UNKNOWN, 404),
    ],
)
async def test_the_first_message_is_the_error_and_then_the_socket_is_closed(
    stack: Stack, query: dict[str, str], status: int
) -> None:
    client = await stack.open({}, ("lectern.v1",), **query, refusal="message")
    error = await client.next("error")
    await client.closed()
    assert (error["status"], error.get("action")) == (status, query.get("action"))
    assert client.subprotocol == "lectern.v1"
    assert {"error"} == {message["type"] for message in map(_decoded, client.frames)}


async def test_whatever_a_refused_socket_sends_gets_the_error_again(stack: Stack) -> None:
    client = await stack.open({}, (), **UNKNOWN, refusal="message")
    try:
        await client.send('{"action":"heartbeat","id":"1"}')
        await client.send("no JSON")
    except ConnectionClosed:
        pass  # the error may have been quicker
    await client.closed()
    errors = [_decoded(frame) for frame in client.frames]
    assert {(error["status"], error["code"]) for error in errors} == {(404, "SESSION_NOT_FOUND")}


async def test_a_refused_socket_is_in_no_count(stack: Stack) -> None:
    speaker, session = await stack.session()
    refused = {"action": "joinSession", "sessionId": session, "targetLanguage": "Spanish"}
    client = await stack.open({}, (), **refused, refusal="message")
    assert (await client.next("error"))["details"][0]["field"] == "targetLanguage"
    assert await stack.count(speaker) == 0
    await client.closed()


@pytest.mark.parametrize("value", ["", "status", "Message"])
async def test_an_invalid_value_is_refused_with_400_as_status(stack: Stack, value: str) -> None:
    with pytest.raises(Refused) as refused:
        await stack.open({}, (), refusal=value)
    assert refused.value.status == 400


async def test_an_accepted_handshake_does_not_mind(stack: Stack) -> None:
    _, session = await stack.session()
    query = {**UNKNOWN, "sessionId": session}
    listener = await stack.open({}, (), **query, refusal="message")
    assert (await listener.next("sessionJoined"))["sessionId"] == session


async def test_a_service_that_is_down_is_told_in_band(stack: Stack) -> None:
    await stack.fault(target="dynamodb", fault="error", rate=1)
    client = await stack.open({}, (), refusal="message")
    error = await client.next("error")
    await stack.end_faults()
    assert error["status"] == 503


def _decoded(frame: str) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(frame)
    return message
