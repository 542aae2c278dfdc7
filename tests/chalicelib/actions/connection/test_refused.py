"""With `refusal=message` a refused handshake opens a socket, on which the error comes first."""

import json

import pytest

from chalicelib.errors import ServiceDown
from tests.aws import Aws
from tests.stack import Client, Json, Refused, Stack

IN_BAND = "&refusal=message"
UNKNOWN = "action=joinSession&sessionId=calm-oak-123&targetLanguage=es"


def told(stack: Stack, client: Client) -> Json:
    """Run the jobs, and return the only message of a client, whose socket is closed then."""
    heard = client.received
    stack.run_jobs()
    (error,) = heard
    assert stack.sockets.closed == [client.connection_id]
    return error


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("role=boss", 400, "INVALID_MESSAGE"),
        ("action=dance", 400, "UNKNOWN_ACTION"),
        ("x=1&x=2", 400, "INVALID_MESSAGE"),
        ("role=speaker", 401, "UNAUTHORIZED"),
        ("token=nonsense", 401, "TOKEN_INVALID"),
        ("action=createSession&sourceLanguage=en", 403, "FORBIDDEN"),
        (UNKNOWN, 404, "SESSION_NOT_FOUND"),
    ],
)
def test_the_error_is_the_first_message_and_then_the_socket_is_closed(
    stack: Stack, query: str, status: int, code: str
) -> None:
    error = told(stack, stack.connect(query + IN_BAND))

    assert (error["type"], error["status"], error["code"]) == ("error", status, code)
    assert ("details" in error) == (status == 400)
    assert error.get("action") == dict(p.split("=") for p in query.split("&")).get("action")


def test_the_error_has_the_id_of_the_handshake(stack: Stack) -> None:
    assert told(stack, stack.connect(f"{UNKNOWN}&id=7{IN_BAND}"))["id"] == "7"


def test_a_full_session_is_told_in_band(aws: Aws) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="1")
    _, session_id = stack.session()
    stack.listener(session_id)
    query = f"action=joinSession&sessionId={session_id}&targetLanguage=es{IN_BAND}"

    error = told(stack, stack.connect(query))

    assert (error["status"], error["code"]) == (503, "SESSION_FULL")
    assert stack.counts(session_id) == (1, {"es": 1})


def test_the_subprotocol_is_confirmed_as_a_browser_needs_it(stack: Stack) -> None:
    protocols = {"Sec-WebSocket-Protocol": "lectern.v1, bearer.nonsense"}
    assert told(stack, stack.connect("refusal=message", headers=protocols))["status"] == 401


@pytest.mark.parametrize(
    "text",
    [
        '{"action":"heartbeat"}',
        '{"action":"joinSession","sessionId":"calm-oak-123","targetLanguage":"es"}',
        '{"action":"leaveSession"}',
        '{"action":"subscribe","topic":"a"}',
        '{"action":"createSession","sourceLanguage":"en"}',
        '{"action":"dance"}',
        "no JSON",
    ],
)
def test_whatever_the_socket_sends_gets_the_error_again(stack: Stack, text: str) -> None:
    client = stack.connect(UNKNOWN + IN_BAND)

    for _ in range(7):
        reply = client.send_text(text)
        assert (reply["status"], reply["code"]) == (404, "SESSION_NOT_FOUND")


def test_details_and_the_id_of_the_message_come_again(stack: Stack) -> None:
    client = stack.connect("role=boss" + IN_BAND)
    reply = client.send("heartbeat", id="9")

    assert (reply["id"], reply["details"][0]["field"]) == ("9", "role")


def test_the_item_is_in_no_index_and_goes_with_the_socket(stack: Stack) -> None:
    client = stack.connect(f"{UNKNOWN}&token={stack.token('anna', 'acme')}{IN_BAND}")
    item = client.item
    assert item is not None
    assert not {"sessionId", "tenantId", "userId"} & item.keys()

    stack.run_jobs()
    client.disconnect_event(1000)
    assert stack.items("connections") == []


def test_the_sweep_deletes_what_no_disconnect_came_for(stack: Stack) -> None:
    stack.connect(UNKNOWN + IN_BAND)
    stack.run_jobs()
    stack.advance(3600)
    stack.sweep()

    assert stack.items("connections") == []


@pytest.mark.parametrize("value", ["", "status", "Message", "message&refusal=message"])
def test_an_invalid_value_is_a_400_as_status(stack: Stack, value: str) -> None:
    with pytest.raises(Refused) as refused:
        stack.connect(f"role=boss&refusal={value}")
    assert refused.value.status == 400
    assert [each["field"] for each in refused.value.body["details"]] == ["refusal"]
    assert stack.items("connections") == []


def test_too_many_attempts_stay_a_status(aws: Aws) -> None:
    stack = Stack(aws, RATE_LIMIT_CONNECTS_PER_MINUTE="1")
    stack.connect()
    with pytest.raises(Refused) as refused:
        stack.connect(UNKNOWN + IN_BAND)
    assert refused.value.status == 429


def test_an_accepted_handshake_does_not_mind(stack: Stack) -> None:
    _, session_id = stack.session()
    query = f"action=joinSession&sessionId={session_id}&targetLanguage=es{IN_BAND}"
    listener = stack.connect(query)
    stack.run_jobs()

    assert [each["type"] for each in listener.received] == ["sessionJoined"]


def test_without_the_table_the_error_is_told_all_the_same(stack: Stack) -> None:
    for _ in range(10):
        stack.database.fail("PutItem", ServiceDown("500"), "C1=")
    error = told(stack, stack.connect("refusal=message"))

    assert (error["status"], error["code"]) == (503, "SERVICE_UNAVAILABLE")


def test_without_the_queue_the_handshake_gets_the_status(stack: Stack) -> None:
    stack.jobs.broken = True
    with pytest.raises(Refused) as refused:
        stack.connect(UNKNOWN + IN_BAND)

    assert refused.value.status == 404
    assert stack.items("connections") == []


def test_the_error_waits_for_the_socket(stack: Stack) -> None:
    client = stack.connect(UNKNOWN + IN_BAND)
    socket = stack.sockets.open.pop(client.connection_id)
    stack.run_jobs()
    stack.sockets.open[client.connection_id] = socket
    stack.advance(1)

    assert [each["status"] for each in socket] == [404]
    assert json.loads(str(client.item["refusal"]))["status"] == 404  # type: ignore[index]
