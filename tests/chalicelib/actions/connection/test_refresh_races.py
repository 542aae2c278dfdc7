"""A refresh while other things happen: closes, ends, changes, crashes, and the same again."""

from typing import Any

import pytest

from chalicelib.errors import ServiceDown
from tests.aws import Aws
from tests.stack import Client, Refused, Stack

HEARD = ("speakerReconnecting", "speakerReturned", "sessionEnded")


def heard(listener: Client) -> list[str]:
    return [each["type"] for each in listener.received if each["type"] in HEARD]


def take_over(client: Client, session_id: str) -> Any:
    return client.send("refreshConnection", sessionId=session_id, role="speaker")


def test_the_old_socket_closes_during_the_refresh(stack: Stack) -> None:
    old, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.database.before("TransactWriteItems", lambda: old.close(1006))

    reply = take_over(stack.speaker(), session_id)
    stack.advance(60)

    assert reply["type"] == "connectionRefreshComplete"
    assert heard(listener) == ["speakerReconnecting", "speakerReturned"]
    assert stack.session_item(session_id)["isActive"] is True


def test_the_speaker_is_back_while_its_listeners_are_told_that_it_is_away(stack: Stack) -> None:
    old, session_id = stack.session()
    listener, new = stack.listener(session_id), stack.speaker()
    stack.database.before("Query", lambda: take_over(new, session_id), "targetLanguage-index")

    old.close(1006)
    stack.advance(60)

    assert heard(listener)[-1] == "speakerReturned"
    assert stack.session_item(session_id)["isActive"] is True


def test_a_session_that_ends_during_the_refresh_has_ended(stack: Stack) -> None:
    old, session_id = stack.session()
    stack.database.before("TransactWriteItems", lambda: old.send("endSession"))

    assert take_over(stack.speaker(), session_id)["code"] == "SESSION_INACTIVE"


def test_a_repeated_refresh_on_the_same_socket_gets_the_same_reply(stack: Stack) -> None:
    _, session_id = stack.session()
    new = stack.speaker()
    take_over(new, session_id)
    before = stack.session_item(session_id)

    assert take_over(new, session_id)["type"] == "connectionRefreshComplete"
    assert stack.session_item(session_id) == before


def test_a_refresh_that_arrives_twice_at_once_gets_the_same_reply(stack: Stack) -> None:
    _, session_id = stack.session()
    new = stack.speaker()
    stack.database.before("TransactWriteItems", lambda: take_over(new, session_id))

    take_over(new, session_id)

    assert [each["type"] for each in new.replies] == ["connectionRefreshComplete"] * 2
    assert stack.session_item(session_id)["speakerConnectionId"] == new.connection_id


def test_a_refresh_extends_the_session(stack: Stack) -> None:
    _, session_id = stack.session()
    stack.clock.advance(6000)

    take_over(stack.speaker(), session_id)

    assert stack.session_item(session_id)["expiresAt"] == stack.clock.now // 1000 + 7200


@pytest.mark.parametrize("role", ["speaker", "listener"])
def test_the_reply_to_a_request_in_the_url_is_the_first_message(stack: Stack, role: str) -> None:
    old, session_id = stack.session()
    query = f"action=refreshConnection&sessionId={session_id}&role={role}"
    query += f"&token={stack.token()}" if role == "speaker" else "&targetLanguage=es"

    new = stack.connect(query)
    stack.run_jobs()
    old.close()

    assert [each["type"] for each in new.received][:1] == ["connectionRefreshComplete"]
    assert stack.session_item(session_id)["isActive"] is (role == "speaker")


def test_a_takeover_stands_even_if_what_follows_it_fails(stack: Stack) -> None:
    _, session_id = stack.session()
    new = stack.speaker()
    stack.database.fail("Query", ServiceDown("500"))

    assert take_over(new, session_id)["type"] == "connectionRefreshComplete"
    assert new.send("endSession")["type"] == "sessionEnded"


def test_a_subscription_that_ends_while_it_is_moved_is_not_created_again(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("subscribe", topic="questions")
    key = {"topicKey": f"{session_id}#questions", "connectionId": speaker.connection_id}
    fresh = stack.speaker()

    table = stack.aws.tables["subscriptions"]
    stack.database.before("GetItem", lambda: stack.delete("subscriptions", **key), table)
    fresh.send("refreshConnection", sessionId=session_id, role="speaker")

    assert stack.items("subscriptions") == []


def test_a_connection_refreshes_only_its_own_users_session_in_its_own_role(
    stack: Stack,
) -> None:
    _, session_id = stack.session()
    other, _ = stack.session("anna")
    listener = stack.connect()
    fields = {"sessionId": session_id, "targetLanguage": "es"}

    elsewhere = take_over(other, session_id)
    assert (elsewhere["status"], elsewhere["code"]) == (409, "ALREADY_IN_SESSION")
    assert other.send("refreshConnection", role="listener", **fields)["status"] == 403
    assert take_over(stack.speaker("mallory"), session_id)["status"] == 403
    assert take_over(listener, session_id)["status"] == 401
    missing = listener.send("refreshConnection", sessionId=session_id, role="listener")
    assert missing["details"][0]["field"] == "targetLanguage"
    unknown = fields | {"sessionId": "calm-oak-123"}
    assert listener.send("refreshConnection", role="listener", **unknown)["status"] == 404


def test_a_speaker_whose_own_socket_closes_meanwhile_takes_nothing_over(stack: Stack) -> None:
    old, session_id = stack.session()
    new = stack.speaker()
    stack.database.before("TransactWriteItems", lambda: new.disconnect_event(1006))

    assert take_over(new, session_id)["status"] == 403
    assert old.send("endSession")["type"] == "sessionEnded"


def resume(client: Client, session_id: str, token: str, language: str = "es") -> Any:
    return client.send(
        "refreshConnection",
        sessionId=session_id,
        role="listener",
        targetLanguage=language,
        resumeToken=token,
    )


@pytest.fixture
def joined(stack: Stack) -> tuple[Client, str, str]:
    """A listener, its session and its resume token."""
    _, session_id = stack.session()
    client = stack.connect()
    reply = client.send("joinSession", sessionId=session_id, targetLanguage="es")
    return client, session_id, reply["resumeToken"]


@pytest.mark.parametrize("what", ["close", "changeLanguage", "leaveSession"])
def test_a_listener_moves_while_its_old_socket_does_something_else(
    stack: Stack, joined: tuple[Client, str, str], what: str
) -> None:
    old, session_id, token = joined
    does: Any = {
        "close": lambda: old.close(1006),
        "changeLanguage": lambda: old.send("changeLanguage", targetLanguage="fr"),
        "leaveSession": lambda: old.send("leaveSession"),
    }[what]
    stack.database.before("TransactWriteItems", does)

    reply = resume(stack.connect(), session_id, token, "de")
    old.close()

    assert reply["type"] == "connectionRefreshComplete"
    assert stack.counts(session_id) == (1, {"de": 1})


def test_a_full_session_lets_its_own_listeners_move_and_nobody_else_in(aws: Aws) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="1")
    _, session_id = stack.session()
    first = stack.connect()
    reply = first.send("joinSession", sessionId=session_id, targetLanguage="es")

    moved = resume(stack.connect(), session_id, reply["resumeToken"])
    anew = stack.connect().send(
        "refreshConnection", sessionId=session_id, role="listener", targetLanguage="es"
    )

    assert moved["type"] == "connectionRefreshComplete"
    assert (anew["status"], anew["code"]) == (503, "SESSION_FULL")
    assert stack.counts(session_id) == (1, {"es": 1})


def test_joining_anew_by_a_refresh_is_limited_like_a_join(aws: Aws) -> None:
    stack = Stack(aws, RATE_LIMIT_JOINS_PER_MINUTE="1")
    _, session_id = stack.session()
    stack.listener(session_id)

    with pytest.raises(Refused) as refused:
        stack.connect(f"action=refreshConnection&sessionId={session_id}&targetLanguage=es")

    assert refused.value.status == 429


def test_a_listener_of_a_session_that_ends_meanwhile_is_told_so(
    stack: Stack, joined: tuple[Client, str, str]
) -> None:
    _, session_id, token = joined
    speaker = stack.session_item(session_id)["speakerConnectionId"]
    client = next(each for each in stack.clients if each.connection_id == speaker)
    stack.database.before("TransactWriteItems", client.close)

    assert resume(stack.connect(), session_id, token)["code"] == "SESSION_INACTIVE"
    assert stack.counts(session_id) == (0, {})


def test_an_expired_resume_token_is_refused(stack: Stack, joined: tuple[Client, str, str]) -> None:
    _, session_id, token = joined
    stack.clock.advance(131 * 60)

    assert resume(stack.connect(), session_id, token)["code"] == "TOKEN_EXPIRED"
    assert stack.counts(session_id) == (1, {"es": 1})


@pytest.mark.parametrize("role", ["speaker", "listener"])
def test_killed_between_any_two_calls_a_refresh_can_be_done_again(stack: Stack, role: str) -> None:
    calls, survived = 0, False
    while not survived:
        speaker, session_id = stack.session()
        listener = stack.connect()
        fields = {"sessionId": session_id, "targetLanguage": "es"}
        token = listener.send("joinSession", **fields)["resumeToken"]
        old = {"speaker": speaker, "listener": listener}[role]
        dying, again = connect(stack, role), connect(stack, role)
        with stack.outside.counted() as made, stack.outside.killed_after(calls):
            refresh(dying, session_id, role, token)
        survived = len(made) < calls
        calls += 1

        reply = refresh(again, session_id, role, token)
        old.close(1006)
        dying.close(1006)

        assert reply["type"] == "connectionRefreshComplete", calls
        item = stack.session_item(session_id)
        assert (item["isActive"], stack.counts(session_id)) == (True, (1, {"es": 1})), calls
        if role == "speaker":
            assert item["speakerConnectionId"] == again.connection_id
        assert "graceDeadline" not in item
    assert calls > 6


def connect(stack: Stack, role: str) -> Client:
    return stack.speaker() if role == "speaker" else stack.connect()


def refresh(client: Client, session_id: str, role: str, token: str) -> Any:
    if role == "speaker":
        return take_over(client, session_id)
    return resume(client, session_id, token)
