"""PROTOCOL 2: frames, ids, and errors that close nothing and change nothing."""

import json
from typing import Any

import pytest

from tests.conformance.raw import RawClient
from tests.conformance.schema import Message
from tests.conformance.stack import Stack

IN_A_SESSION: dict[str, dict[str, Any]] = {
    "leaveSession": {},
    "changeLanguage": {"targetLanguage": "fr"},
    "recover": {"lastSeq": {}},
    "subscribe": {"topic": "chat"},
    "unsubscribe": {"topic": "chat"},
    "publish": {"topic": "chat", "data": 1},
    "submitRequest": {"request": "sessionReport"},
}
OF_A_SPEAKER: dict[str, dict[str, Any]] = {
    "endSession": {},
    "getSessionStatus": {},
    "pauseBroadcast": {},
    "resumeBroadcast": {},
    "muteBroadcast": {},
    "unmuteBroadcast": {},
    "setVolume": {"volume": 0.5},
    "broadcast": {"data": 1},
}
_JOIN = {"sessionId": "golden-eagle-427", "targetLanguage": "es"}
MALFORMED: list[tuple[str, dict[str, Any], str]] = [
    ("joinSession", {"targetLanguage": "es"}, "sessionId"),
    ("joinSession", {"sessionId": "golden-eagle-427"}, "targetLanguage"),
    ("joinSession", _JOIN | {"sessionId": "golden_eagle"}, "sessionId"),
    ("joinSession", _JOIN | {"sessionId": 7}, "sessionId"),
    ("joinSession", _JOIN | {"targetLanguage": "Spanish"}, "targetLanguage"),
    ("joinSession", _JOIN | {"targetLanguage": "es\n"}, "targetLanguage"),
    ("joinSession", _JOIN | {"lastSeq": [1]}, "lastSeq"),
    ("changeLanguage", {}, "targetLanguage"),
    ("recover", {}, "lastSeq"),
    ("recover", {"lastSeq": 3}, "lastSeq"),
    ("refreshConnection", {"role": "listener", "targetLanguage": "es"}, "sessionId"),
    ("refreshConnection", _JOIN, "role"),
    ("refreshConnection", {"sessionId": "golden-eagle-427", "role": "pilot"}, "role"),
    ("refreshConnection", {"sessionId": "golden-eagle-427", "role": "listener"}, "targetLanguage"),
    ("authenticate", {}, "token"),
    ("subscribe", {}, "topic"),
    ("publish", {"topic": "chat"}, "data"),
    ("submitRequest", {}, "request"),
    ("cancelRequest", {}, "requestId"),
    ("createSession", {}, "sourceLanguage"),
    ("createSession", {"sourceLanguage": "e"}, "sourceLanguage"),
    ("createSession", {"sourceLanguage": "en", "qualityTier": "gold"}, "qualityTier"),
    ("setVolume", {}, "volume"),
    ("setVolume", {"volume": 1.5}, "volume"),
    ("setVolume", {"volume": -0.1}, "volume"),
    ("setVolume", {"volume": "loud"}, "volume"),
    ("broadcast", {}, "data"),
    ("broadcast", {"data": 1, "targetLanguage": "EN"}, "targetLanguage"),
]


async def answer(client: RawClient, frame: str) -> Message:
    """Send a frame without an id, and return the next error."""
    await client.send(frame)
    return await client.next("error")


@pytest.mark.parametrize("frame", ["", "no json", "{", '{"action": }', '{"action":"heartbeat"'])
async def test_what_is_no_json_is_answered_with_invalid_json(stack: Stack, frame: str) -> None:
    client = await stack.connect()
    error = await answer(client, frame)
    assert (error["status"], error["code"]) == (400, "INVALID_JSON")
    await client.caught_up()


@pytest.mark.parametrize("frame", ["[]", "7", "null", '"heartbeat"', "{}", '{"action":7}'])
async def test_what_is_no_object_with_an_action_is_an_invalid_message(
    stack: Stack, frame: str
) -> None:
    client = await stack.connect()
    error = await answer(client, frame)
    assert (error["status"], error["code"]) == (400, "INVALID_MESSAGE")
    await client.caught_up()


async def test_an_unknown_action_is_named(stack: Stack) -> None:
    client = await stack.connect()
    await client.refused("dance", "UNKNOWN_ACTION")


async def test_unknown_fields_are_ignored(stack: Stack) -> None:
    client = await stack.connect()
    assert (await client.ask("heartbeat", colour="blue"))["type"] == "heartbeatAck"


@pytest.mark.parametrize("key", ["7", "x" * 128, "ä日本", "Nr. 1"])
async def test_a_reply_and_an_error_carry_the_id_of_the_request(stack: Stack, key: str) -> None:
    client = await stack.connect()
    await client.send(json.dumps({"action": "heartbeat", "id": key}))
    assert (await client.next("heartbeatAck"))["id"] == key
    assert (await answer(client, json.dumps({"action": "dance", "id": key})))["id"] == key


async def test_a_reply_to_a_request_without_an_id_has_none(stack: Stack) -> None:
    client = await stack.connect()
    await client.send('{"action":"heartbeat"}')
    assert "id" not in await client.next("heartbeatAck")


async def test_null_in_an_optional_field_is_as_if_it_were_not_there(stack: Stack) -> None:
    speaker = await stack.speaker()
    await speaker.send(
        '{"action":"createSession","id":null,"sourceLanguage":"en","qualityTier":null}'
    )
    created = await speaker.next("sessionCreated")
    assert (created["qualityTier"], "id" in created) == ("standard", False)
    nothing: dict[str, Any] = {"resumeToken": None, "lastSeq": None}
    listener = await stack.listener(created["sessionId"], **nothing)
    assert "missed" not in listener.welcome
    assert (await speaker.done("broadcast", data=None, targetLanguage=None))["stream"] == "*"
    assert (await listener.next("broadcast"))["data"] is None


@pytest.mark.parametrize("key", ["x" * 129, 7, ["7"]])
async def test_an_id_is_a_string_of_at_most_128_characters(stack: Stack, key: Any) -> None:
    client = await stack.connect()
    error = await answer(client, json.dumps({"action": "heartbeat", "id": key}))
    assert error["code"] == "INVALID_MESSAGE"


@pytest.mark.parametrize(("action", "fields", "field"), MALFORMED)
async def test_a_malformed_field_is_named_in_details(
    stack: Stack, action: str, fields: dict[str, Any], field: str
) -> None:
    is_speakers = action in OF_A_SPEAKER or action == "createSession"
    client = await (stack.speaker() if is_speakers else stack.connect())
    error = await client.refused(action, "INVALID_MESSAGE", **fields)
    assert field in [detail["field"].split(".")[0] for detail in error["details"]]


@pytest.mark.parametrize("action", [*IN_A_SESSION, *OF_A_SPEAKER])
async def test_what_needs_a_session_is_refused_outside_of_one(stack: Stack, action: str) -> None:
    client = await (stack.speaker() if action in OF_A_SPEAKER else stack.connect())
    await client.refused(action, "NOT_IN_SESSION", **(IN_A_SESSION | OF_A_SPEAKER)[action])


@pytest.mark.parametrize("action", OF_A_SPEAKER)
async def test_what_is_a_speakers_is_forbidden_to_a_listener(stack: Stack, action: str) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    before = await speaker.done("getSessionStatus")
    await listener.refused(action, "FORBIDDEN", **OF_A_SPEAKER[action])
    after = await speaker.done("getSessionStatus")
    assert after["broadcastState"] == before["broadcastState"]


@pytest.mark.parametrize("action", ["joinSession", "changeLanguage", "leaveSession", "recover"])
async def test_what_is_a_listeners_is_forbidden_to_a_speaker(stack: Stack, action: str) -> None:
    speaker, session = await stack.session()
    fields = {"sessionId": session, "targetLanguage": "es", "lastSeq": {}}
    await speaker.refused(action, "FORBIDDEN", **fields)


async def test_a_control_message_over_4_kb_is_too_large(stack: Stack) -> None:
    client = await stack.connect()
    await client.refused("heartbeat", "PAYLOAD_TOO_LARGE", padding="x" * 4096)
    await client.caught_up()


async def test_more_than_128_kb_closes_with_1009(stack: Stack) -> None:
    client = await stack.connect()
    await client.send(json.dumps({"action": "broadcast", "data": "x" * 128 * 1024}))
    assert await client.closed() == 1009


async def test_an_error_closes_nothing_and_changes_nothing(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await listener.refused("changeLanguage", "INVALID_MESSAGE", targetLanguage="Klingon")
    await speaker.refused("setVolume", "INVALID_MESSAGE", volume=7)
    status = await speaker.done("getSessionStatus")
    assert status["languageDistribution"] == {"es": 1}
    assert status["broadcastState"]["volume"] == 1.0
    await speaker.done("broadcast", data="hola", targetLanguage="es")
    assert (await listener.next("broadcast"))["data"] == "hola"


async def test_what_the_stack_depends_on_being_down_is_an_error_that_may_be_tried_again(
    stack: Stack,
) -> None:
    speaker, _ = await stack.session()
    await stack.fault(target="dynamodb", fault="error", rate=1)
    error = await speaker.refused("broadcast", "SERVICE_UNAVAILABLE", data=1)
    await stack.end_faults()
    assert error["retryAfter"] >= 0
    assert (await speaker.done("broadcast", data=1))["seq"] == 1
