"""The handshake: refusals leave nothing behind, and it may run twice."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib import handlers
from tests.aws import Aws
from tests.handshakes import connect_parameters
from tests.stack import REQUEST_ID, Client, Refused, Stack


def refusal(stack: Stack, query: str, **more: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        stack.connect(query, **more)
    return refused.value


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("role=boss", 400, "INVALID_MESSAGE"),
        ("action=dance", 400, "UNKNOWN_ACTION"),
        ("action=heartbeat", 400, "UNKNOWN_ACTION"),
        ("action=", 400, "UNKNOWN_ACTION"),
        ("action=joinSession&targetLanguage=es", 400, "INVALID_MESSAGE"),
        ("action=joinSession&sessionId=Nope&targetLanguage=es", 400, "INVALID_MESSAGE"),
        ("action=joinSession&sessionId=calm-oak-123&targetLanguage=Spanish", 400, None),
        ("action=joinSession&sessionId=calm-oak-123&targetLanguage=es&lastSeq=[", 400, None),
        ("action=refreshConnection&sessionId=calm-oak-123&targetLanguage=es", 404, None),
        ("role=speaker", 401, "UNAUTHORIZED"),
        ("token=", 401, "TOKEN_INVALID"),
        ("token=nonsense", 401, "TOKEN_INVALID"),
        ("token=nonsense&token=nonsense", 400, "INVALID_MESSAGE"),
        ("role=listener&role=speaker", 400, "INVALID_MESSAGE"),
        ("role=listener&role=listener", 400, "INVALID_MESSAGE"),
        ("whatever=1&whatever=2", 400, "INVALID_MESSAGE"),
        ("action=createSession&sourceLanguage=en", 403, "FORBIDDEN"),
        ("action=joinSession&sessionId=calm-oak-123&targetLanguage=es", 404, "SESSION_NOT_FOUND"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    stack: Stack, query: str, status: int, code: str | None
) -> None:
    refused = refusal(stack, query)

    assert refused.status == status
    assert refused.body["type"] == "error"
    assert code is None or refused.body["code"] == code
    assert stack.items("connections") == []


def test_repeated_parameters_are_named(stack: Stack) -> None:
    refused = refusal(stack, "role=listener&x=1&token=a&x=2&token=")

    assert [each["field"] for each in refused.body["details"]] == ["x", "token"]


def test_the_lines_of_the_subprotocols_are_one_list(stack: Stack) -> None:
    lines = ["lectern.v1", f"bearer.{stack.token()}"]
    speaker = stack.connect("role=speaker", headers={"Sec-WebSocket-Protocol": lines})

    assert speaker.send("createSession", sourceLanguage="en")["type"] == "sessionCreated"


def test_more_than_one_token_is_refused_wherever_they_stand(stack: Stack) -> None:
    bearer = {"Authorization": f"Bearer {stack.token()}"}
    refused = refusal(stack, f"token={stack.token()}", headers=bearer)

    assert (refused.status, refused.body["code"]) == (400, "INVALID_MESSAGE")


def test_a_users_sessions_are_counted_apart_from_those_of_another_tenants_namesake(
    aws: Aws,
) -> None:
    stack = Stack(aws, RATE_LIMIT_SESSIONS_PER_HOUR="1")
    stack.session("anna", "acme")

    again = stack.speaker("anna", "acme").send("createSession", sourceLanguage="en")
    namesake = stack.speaker("anna", "globex").send("createSession", sourceLanguage="en")

    assert (again["status"], again["code"]) == (429, "RATE_LIMITED")
    assert namesake["type"] == "sessionCreated"


@pytest.mark.parametrize("kind", ["joinSession", "createSession"])
def test_a_handshake_that_runs_twice_counts_once(stack: Stack, kind: str) -> None:
    _, session_id = stack.session()
    query = {
        "joinSession": f"action=joinSession&sessionId={session_id}&targetLanguage=es",
        "createSession": "role=speaker&action=createSession&sourceLanguage=en"
        f"&token={stack.token('berta')}",
    }[kind]
    client = stack.connect(query)
    sessions = len(stack.items("sessions"))

    again = repeat(stack, client, query)
    stack.run_jobs()

    assert again["statusCode"] == 200
    assert len(stack.items("sessions")) == sessions
    assert {each["type"] for each in client.received} == {
        "sessionJoined" if kind == "joinSession" else "sessionCreated"
    }
    if kind == "joinSession":
        assert stack.counts(session_id) == (1, {"es": 1})


def test_a_handshake_that_runs_side_by_side_with_itself_is_let_in_once(stack: Stack) -> None:
    query = f"role=speaker&action=createSession&sourceLanguage=en&token={stack.token()}"
    stack.database.before("TransactWriteItems", lambda: repeat(stack, stack.clients[-1], query))

    client = stack.connect(query)
    stack.run_jobs()

    assert {each["type"] for each in client.received} == {"sessionCreated"}
    (session,) = stack.items("sessions")
    assert session["isActive"]
    assert client.send("heartbeat")["type"] == "heartbeatAck"


def repeat(stack: Stack, client: Client, query: str) -> Mapping[str, Any]:
    """Deliver a client's `$connect` event again."""
    event = {
        "requestContext": stack.where(client, "CONNECT"),
        **connect_parameters(query, {}),
    }
    return handlers.connect(event, stack.context)


def test_a_new_session_ends_if_its_first_reply_cannot_be_sent(stack: Stack) -> None:
    stack.jobs.broken = True

    refused = refusal(
        stack, f"role=speaker&action=createSession&sourceLanguage=en&token={stack.token()}"
    )

    assert refused.status == 503
    assert [each["isActive"] for each in stack.items("sessions")] == [False]
    assert stack.items("connections") == []


def test_a_session_waits_for_its_speaker_if_the_reply_to_a_refresh_cannot_be_sent(
    stack: Stack,
) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.jobs.broken = True

    refusal(
        stack, f"role=speaker&action=refreshConnection&sessionId={session_id}&token={stack.token()}"
    )
    stack.jobs.broken = False
    again = stack.speaker().send("refreshConnection", sessionId=session_id, role="speaker")
    speaker.close()

    assert again["type"] == "connectionRefreshComplete"
    assert stack.session_item(session_id)["isActive"] is True
    assert [each["type"] for each in listener.received] == [
        "speakerReconnecting",
        "speakerReturned",
    ]


def test_an_unexpected_error_is_500_with_an_id_for_the_logs(stack: Stack) -> None:
    stack.database.fail("PutItem", ZeroDivisionError())

    refused = refusal(stack, "")

    assert (refused.status, refused.body["code"]) == (500, "INTERNAL_ERROR")
    assert refused.body["correlationId"] == REQUEST_ID
