"""Operators and services change sessions and tenants."""

import pytest

from tests.operator.serving import Api
from tests.stack import Stack


def test_a_services_broadcast_takes_the_next_seq_of_its_stream(stack: Stack, api: Api) -> None:
    speaker, session_id = stack.session()
    spanish, french = stack.listener(session_id, "es"), stack.listener(session_id, "fr")
    speaker.send("broadcast", data="first", targetLanguage="es")
    path = f"/v1/sessions/{session_id}/broadcasts"

    to_one = api.ask("POST", path, {"data": {"text": "hola"}, "targetLanguage": "es"})
    to_all = api.ask("POST", path, {"data": [1, 2.50, None]})

    assert (to_one.status, to_all.status) == (200, 200)
    assert to_one.body.pop("requestId") == to_one.headers["X-Request-Id"]
    assert to_one.body == {"sessionId": session_id, "stream": "es", "seq": 2, "recipients": 1}
    assert (to_all.body["stream"], to_all.body["seq"], to_all.body["recipients"]) == ("*", 1, 2)
    received = [
        [(each["stream"], each["seq"], each["data"]) for each in client.of_type("broadcast")]
        for client in (spanish, french)
    ]
    assert received[0] == [
        ("es", 1, "first"),
        ("es", 2, {"text": "hola"}),
        ("*", 1, [1, 2.5, None]),
    ]
    assert received[1] == [("*", 1, [1, 2.5, None])]
    assert spanish.send("recover", lastSeq={"es": 1, "*": 0})["gap"] is False


def test_a_service_cannot_broadcast_while_the_speaker_has_paused(stack: Stack, api: Api) -> None:
    speaker, session_id = stack.session()
    speaker.send("pauseBroadcast")

    reply = api.ask("POST", f"/v1/sessions/{session_id}/broadcasts", {"data": "hello"})

    assert (reply.status, reply.body["code"]) == (409, "BROADCAST_PAUSED")
    assert stack.session_item(session_id)["streamPositions"] == {}


def test_an_oversized_broadcast_is_refused_and_takes_no_seq(stack: Stack, api: Api) -> None:
    _, session_id = stack.session()
    body = {"data": "x" * 131_072}

    replies = [
        api.ask("POST", f"/v1/sessions/{session_id}/broadcasts", body),
        api.ask("POST", "/v1/tenants/default/messages", body),
    ]

    assert [each.status for each in replies] == [413, 413]
    assert stack.session_item(session_id)["streamPositions"] == {}


def test_ending_a_session_tells_its_participants_the_reason(stack: Stack, api: Api) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)

    ended = api.ask("POST", f"/v1/sessions/{session_id}/end")
    again = api.ask("POST", f"/v1/sessions/{session_id}/end")

    assert (ended.status, again.status) == (200, 200)
    for reply in (ended, again):
        assert (reply.body["isActive"], reply.body["endReason"]) == (False, "endedByOperator")
    for client in (speaker, listener):
        assert [each["reason"] for each in client.of_type("sessionEnded")] == ["endedByOperator"]
    assert stack.counts(session_id) == (0, {})
    assert listener.item is not None
    assert "sessionId" not in listener.item


def test_a_session_that_its_speaker_ended_keeps_its_reason(stack: Stack, api: Api) -> None:
    speaker, session_id = stack.session()
    speaker.send("endSession")

    assert api.ask("POST", f"/v1/sessions/{session_id}/end").body["endReason"] == "endedBySpeaker"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/connections", None),
        ("POST", "/broadcasts", {"data": 1}),
        ("POST", "/end", None),
    ],
)
def test_a_session_that_does_not_exist_is_404(
    stack: Stack, api: Api, method: str, path: str, body: object
) -> None:
    reply = api.ask(method, f"/v1/sessions/golden-eagle-427{path}", body)

    assert (reply.status, reply.body["code"]) == (404, "SESSION_NOT_FOUND")
    assert stack.items("sessions") == []


def test_every_change_is_logged_with_its_caller(stack: Stack, api: Api) -> None:
    _, session_id = stack.session()

    reply = api.ask("POST", f"/v1/sessions/{session_id}/end")

    (line,) = [each for each in stack.events() if each.get("event") == "operatorCall"]
    assert line["function"] == "api_handler"
    assert line["correlationId"] == reply.headers["X-Request-Id"]
    assert (line["operation"], line["status"], line["sessionId"]) == ("endSession", 200, session_id)
    assert "caller" in line
