"""refreshConnection and resume tokens: sessions outlive their sockets."""

import pytest

from tests.stack import Refused, Stack


def test_the_speakers_session_goes_to_its_new_connection(stack: Stack) -> None:
    old, session_id = stack.session()
    new = stack.speaker()

    reply = new.send("refreshConnection", sessionId=session_id, role="speaker", id="r")

    assert (reply["type"], reply["id"], reply["role"]) == (
        "connectionRefreshComplete",
        "r",
        "speaker",
    )
    assert old.send("endSession")["status"] == 403
    old.close(1000)
    assert stack.session_item(session_id)["isActive"] is True
    assert new.send("endSession")["type"] == "sessionEnded"


@pytest.mark.parametrize(
    ("user", "tenant"), [("mallory", None), ("anna", "globex"), ("mallory", "globex")]
)
def test_nobody_else_takes_a_session_over(stack: Stack, user: str, tenant: str | None) -> None:
    _, session_id = stack.session()
    before = stack.session_item(session_id)

    reply = stack.speaker(user, tenant).send(
        "refreshConnection", sessionId=session_id, role="speaker"
    )

    assert (reply["status"], reply["code"]) == (403, "FORBIDDEN")
    assert stack.session_item(session_id) == before


def test_an_anonymous_client_does_not_take_a_session_over(stack: Stack) -> None:
    _, session_id = stack.session()

    with pytest.raises(Refused) as refusal:
        stack.connect(f"action=refreshConnection&sessionId={session_id}&role=speaker")
    reply = stack.connect().send("refreshConnection", sessionId=session_id, role="speaker")

    assert refusal.value.status == 401
    assert reply["status"] == 401


def test_a_listener_moves_and_is_counted_once(stack: Stack) -> None:
    _, session_id = stack.session()
    old = stack.connect()
    token = old.send("joinSession", sessionId=session_id, targetLanguage="es")["resumeToken"]
    new = stack.connect()

    reply = new.send(
        "refreshConnection",
        sessionId=session_id,
        role="listener",
        targetLanguage="fr",
        resumeToken=token,
    )

    assert reply["type"] == "connectionRefreshComplete"
    assert reply["targetLanguage"] == "fr"
    assert stack.counts(session_id) == (1, {"fr": 1})
    assert old.send("heartbeat")["status"] == 403
    old.close()
    assert stack.counts(session_id) == (1, {"fr": 1})
    new.close()
    assert stack.counts(session_id) == (0, {})


def test_a_resume_token_whose_reply_was_lost_is_used_again_and_counted_once(stack: Stack) -> None:
    _, session_id = stack.session()
    first = stack.connect()
    token = first.send("joinSession", sessionId=session_id, targetLanguage="es")["resumeToken"]
    first.close()
    fields = {"sessionId": session_id, "targetLanguage": "es", "resumeToken": token}
    second, third = stack.connect(), stack.connect()

    second.send("joinSession", **fields)
    second.close(lost=True)
    reply = third.send("joinSession", **fields)

    assert reply["type"] == "sessionJoined"
    assert stack.counts(session_id) == (1, {"es": 1})
    second.disconnect_event()
    assert stack.counts(session_id) == (1, {"es": 1})


def test_foreign_forged_and_expired_resume_tokens_are_refused(stack: Stack) -> None:
    _, session_id = stack.session()
    _, other_id = stack.session("berta")
    listener = stack.connect()
    token = listener.send("joinSession", sessionId=session_id, targetLanguage="es")["resumeToken"]
    fields = {"targetLanguage": "es", "role": "listener"}

    def refresh(session: str, token: str, query: str = "") -> object:
        client = stack.connect(query)
        return client.send("refreshConnection", sessionId=session, resumeToken=token, **fields)[
            "code"
        ]

    assert refresh(other_id, token) == "FORBIDDEN"
    assert refresh(session_id, token, f"token={stack.token('eve')}") == "FORBIDDEN"
    assert refresh(session_id, token[:-2] + "xx") == "TOKEN_INVALID"
    stack.clock.advance(131 * 60)
    assert refresh(session_id, token) == "TOKEN_EXPIRED"
    assert stack.counts(session_id) == (1, {"es": 1})
    assert stack.counts(other_id) == (0, {})


def test_without_a_token_a_listener_is_counted_twice_until_its_old_socket_closes(
    stack: Stack,
) -> None:
    _, session_id = stack.session()
    old = stack.listener(session_id)
    new = stack.connect()

    new.send("refreshConnection", sessionId=session_id, role="listener", targetLanguage="es")

    assert stack.counts(session_id) == (2, {"es": 2})
    old.close()
    assert stack.counts(session_id) == (1, {"es": 1})
