"""A malformed frame gets an error that names the problem, and changes nothing (DESIGN 4.8)."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import handlers
from chalicelib.protocol.requests import ACTIONS
from tests.stack import Client, Json, Stack

# One stack for all examples: none of them may change it, which is what is tested.
on_one_stack = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
not_strings = json_values.filter(lambda value: not isinstance(value, str))
not_objects = json_values.filter(lambda value: not isinstance(value, dict))
bad_ids = st.just("x" * 129) | not_strings.filter(lambda value: value is not None)
actions = st.sampled_from(sorted(ACTIONS))

VALID: dict[str, Json] = {
    "createSession": {"sourceLanguage": "en", "qualityTier": "standard"},
    "joinSession": {"sessionId": "calm-oak-123", "targetLanguage": "es"},
    "changeLanguage": {"targetLanguage": "es"},
    "recover": {"lastSeq": {"*": 1}},
    "refreshConnection": {"sessionId": "calm-oak-123", "role": "listener"},
    "authenticate": {"token": "t"},
    "setVolume": {"volume": 0.5},
    "subscribe": {"topic": "questions"},
    "unsubscribe": {"topic": "questions"},
    "publish": {"topic": "questions"},
    "submitRequest": {"request": "sessionReport"},
    "cancelRequest": {"requestId": "1"},
}
"""A valid message of each action, with the fields that may be broken."""


@st.composite
def broken_fields(draw: st.DrawFn) -> Json:
    """A message that is right but for one field, which is missing or of no allowed value."""
    action = draw(st.sampled_from(sorted(VALID)))
    field = draw(st.sampled_from(sorted(VALID[action])))
    message = {"action": action, **VALID[action]}
    if field == "qualityTier" or draw(st.booleans()):
        message[field] = draw(st.sampled_from(_wrong_for(field)))
    else:
        del message[field]
    return message


def _wrong_for(field: str) -> list[Any]:
    special: dict[str, list[Any]] = {
        "volume": [None, "loud", -0.1, 1.5, True, [], {}],
        "lastSeq": [None, "1", {"*": -1}, {"*": 1.5}, {"nowhere at all": 1}, {"*": 2**60}],
        "token": [None, 1, "x" * 4097, []],
        "topic": [None, 1, "", "a b", "é", "x" * 65, "topic\n", []],
        "request": [None, 1, 1.5, True, "", "x" * 65, [], {}],
        "qualityTier": [1, 1.5, True, "", "gold", [], {}],
    }
    return special.get(field, [None, 1, 1.5, True, "", "\n", "Ω", "es\n", "x" * 200, [], {}])


@pytest.fixture
def room(stack: Stack) -> dict[str, Client]:
    speaker, session_id = stack.session()
    return {
        "speaker": speaker,
        "listener": stack.listener(session_id),
        "nobody": stack.connect(),
    }


def refused_without_a_trace(stack: Stack, client: Client, text: str) -> Json:
    """The reply, which is a 4xx of the protocol; nothing was written, posted or sent."""
    with stack.outside.counted() as calls:
        reply = client.send_text(text)
    assert reply["type"] == "error", (text, reply)
    assert 400 <= reply["status"] < 500, (text, reply)
    assert set(calls) <= {"GetItem"}, (text, calls)
    return reply


who = st.sampled_from(["speaker", "listener", "nobody"])


@on_one_stack
@given(who=who, text=st.text())
def test_any_text_is_refused_with_a_reason(
    stack: Stack, room: dict[str, Client], who: str, text: str
) -> None:
    reply = refused_without_a_trace(stack, room[who], text)

    assert reply["code"] in ("INVALID_JSON", "INVALID_MESSAGE")


@on_one_stack
@given(who=who, value=not_objects)
def test_json_that_is_not_an_object_is_refused(
    stack: Stack, room: dict[str, Client], who: str, value: Any
) -> None:
    refused_without_a_trace(stack, room[who], json.dumps(value))


@on_one_stack
@given(
    who=who, action=json_values.filter(lambda value: value not in list(ACTIONS)), rest=json_values
)
def test_an_unknown_action_is_refused(
    stack: Stack, room: dict[str, Client], who: str, action: Any, rest: Any
) -> None:
    text = json.dumps({"action": action, "id": rest, "data": rest})

    reply = refused_without_a_trace(stack, room[who], text)

    assert reply["code"] in ("INVALID_MESSAGE", "UNKNOWN_ACTION", "INVALID_JSON")


@on_one_stack
@given(who=who, action=actions, bad_id=bad_ids)
def test_an_invalid_id_is_refused(
    stack: Stack, room: dict[str, Client], who: str, action: str, bad_id: Any
) -> None:
    refused_without_a_trace(stack, room[who], json.dumps({"action": action, "id": bad_id}))


@on_one_stack
@given(who=who, message=broken_fields())
def test_one_invalid_field_is_refused_by_name(
    stack: Stack, room: dict[str, Client], who: str, message: Json
) -> None:
    reply = refused_without_a_trace(stack, room[who], json.dumps({**message, "id": "7"}))

    assert reply["id"] == "7"
    assert reply["action"] == message["action"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"action":' + '{"a":' * 50_000,
        '{"action":"heartbeat","x":' + "[" * 5_000 + "]" * 5_000 + "}",
        '{"action":"heartbeat"}{"action":"heartbeat"}',
        '{"action":"heartbeat",}',
        '{"action":"setVolume","volume":NaN}',
        '{"action":"setVolume","volume":1e999}',
        '{"action":"subscribe","topic":"\\ud800"}',
        "\ud800",
        "\x00",
        '{"action":"heartbeat","id":"' + "x" * 5_000 + '"}',
        '{"action":"subscribe","topic":"a","x":"' + "y" * 5_000 + '"}',
    ],
)
def test_frames_that_parsers_choke_on_are_refused(
    stack: Stack, room: dict[str, Client], text: str
) -> None:
    for client in room.values():
        refused_without_a_trace(stack, client, text)


@on_one_stack
@given(body=st.binary(max_size=64))
def test_binary_frames(stack: Stack, room: dict[str, Client], body: bytes) -> None:
    event = {
        "requestContext": stack.where(room["listener"], "MESSAGE"),
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }

    reply = json.loads(handlers.message(event, stack.context)["body"])

    assert (reply["type"], reply["status"]) == ("error", 400)


def test_a_frame_without_a_body_is_refused(stack: Stack, room: dict[str, Client]) -> None:
    event = {"requestContext": stack.where(room["listener"], "MESSAGE")}

    reply = json.loads(handlers.message(event, stack.context)["body"])

    assert reply["code"] == "INVALID_JSON"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (r'{"action":"heartbeat","id":"7","data":"\ud83d"}', ("heartbeat", "7")),
        ('{"action":1e400,"id":"7"}', (None, "7")),
        (r'{"action":"\ud83d","id":"\ud83d"}', (None, None)),
        ('{"action":"broadcast","id":"7","data":' + "[" * 5000 + "]" * 5000 + "}", (None, None)),
        ('{"action":"heartbeat","id":"7"', (None, None)),
    ],
)
def test_a_frame_that_parsers_may_refuse_is_refused_with_its_id(
    stack: Stack, text: str, told: tuple[str | None, str | None]
) -> None:
    speaker, _ = stack.session()

    reply = speaker.send_text(text)

    assert (reply["type"], reply["status"]) == ("error", 400)
    assert (reply.get("action"), reply.get("id")) == told
