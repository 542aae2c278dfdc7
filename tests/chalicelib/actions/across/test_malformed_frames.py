"""A malformed frame gets an error that names the problem, and changes nothing (invariant 8).

`tests/security/test_fuzz.py` sends frames made up from a seed; here are the forms it does not make.
"""

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import handlers
from tests.stack import Json, Stack


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
        '{"action":"broadcast","data":"\ud800"}',
        '{"action":"broadcast","data":"caf\udce9"}',
        "\ud800",
        "\x00",
        '{"action":"heartbeat","id":"' + "x" * 5_000 + '"}',
        '{"action":"subscribe","topic":"a","x":"' + "y" * 5_000 + '"}',
    ],
)
def test_frames_that_parsers_choke_on_are_refused_without_a_trace(stack: Stack, text: str) -> None:
    speaker, session_id = stack.session()

    for client in (speaker, stack.listener(session_id), stack.connect()):
        with stack.outside.counted() as calls:
            reply = client.send_text(text)
        assert reply["type"] == "error"
        assert 400 <= reply["status"] < 500, reply
        assert set(calls) <= {"GetItem"}


# One stack for all examples: none of them may change it.
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=64))
def test_binary_frames_are_refused(stack: Stack, body: bytes) -> None:
    client = stack.clients[0] if stack.clients else stack.connect()
    reply = received(
        stack,
        {
            "requestContext": stack.where(client, "MESSAGE"),
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        },
    )

    assert (reply["type"], reply["status"]) == ("error", 400)


def test_a_frame_without_a_body_is_refused(stack: Stack) -> None:
    reply = received(stack, {"requestContext": stack.where(stack.connect(), "MESSAGE")})

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


def received(stack: Stack, event: Json) -> Json:
    """Return the reply to an event of a message."""
    reply: Json = json.loads(handlers.message(event, stack.context)["body"])
    return reply
