"""Topics: who publishes, how much, and how many a connection follows."""

from tests.aws import Aws
from tests.stack import Client, Json, Stack

MOST = 50


def subscriptions(stack: Stack, client: Client) -> int:
    items = stack.items("subscriptions")
    return sum(item["connectionId"] == client.connection_id for item in items)


def full(client: Client) -> None:
    """Subscribe to as many topics as a connection can have."""
    for number in range(MOST):
        assert client.send("subscribe", topic=f"t{number}")["type"] == "subscribed"


def assert_too_many(reply: Json) -> None:
    assert (reply["status"], reply["code"]) == (400, "INVALID_MESSAGE")
    assert reply["details"][0]["field"] == "topic"


def test_a_message_says_the_role_of_its_publisher(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    listener.send("subscribe", topic="chat")

    speaker.send("publish", topic="chat", data=1)
    listener.send("publish", topic="chat", data=2)

    assert [each["from"] for each in listener.of_type("topicMessage")] == ["speaker", "listener"]


def test_a_connection_has_no_more_topics_than_that(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    full(listener)

    assert_too_many(listener.send("subscribe", topic="one-more"))

    assert listener.send("subscribe", topic="t7")["type"] == "subscribed"
    assert subscriptions(stack, listener) == MOST
    listener.send("unsubscribe", topic="t7")
    listener.send("unsubscribe", topic="t7")
    assert listener.send("subscribe", topic="one-more")["type"] == "subscribed"
    assert_too_many(listener.send("subscribe", topic="t7"))


def test_the_topics_of_the_last_session_do_not_count_in_the_next(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    full(listener)
    speaker.send("endSession")
    _, other = stack.session("bela")
    listener.send("joinSession", sessionId=other, targetLanguage="es")

    full(listener)

    assert_too_many(listener.send("subscribe", topic="one-more"))
    assert subscriptions(stack, listener) == MOST


def test_a_topic_that_is_asked_for_while_its_connection_leaves_is_refused(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.database.before("UpdateItem", lambda: listener.send("leaveSession"), concerns="topics")

    refused = listener.send("subscribe", topic="chat")

    assert (refused["status"], refused["code"]) == (400, "NOT_IN_SESSION")
    assert subscriptions(stack, listener) == 0


def test_what_a_listener_publishes_is_at_most_4_kb(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)

    refused = listener.send("publish", topic="chat", data="x" * 4096)

    assert (refused["status"], refused["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert listener.send("publish", topic="chat", data="x" * 4000)["type"] == "published"
    assert speaker.send("publish", topic="chat", data="x" * 100_000)["type"] == "published"


def test_only_the_speaker_publishes_where_that_is_set(aws: Aws) -> None:
    stack = Stack(aws, TOPIC_PUBLISHERS="speaker")
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    listener.send("subscribe", topic="chat")

    refused = listener.send("publish", topic="chat", data=1)

    assert (refused["status"], refused["code"]) == (403, "FORBIDDEN")
    assert speaker.send("publish", topic="chat", data=2)["recipients"] == 1
    assert [each["data"] for each in listener.of_type("topicMessage")] == [2]
