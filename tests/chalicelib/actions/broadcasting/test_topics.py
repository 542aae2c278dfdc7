"""Topics reach their subscribers, and a subscription lasts as long as its connection."""

from tests.stack import Stack


def test_topics_reach_their_subscribers_of_the_session_only(stack: Stack) -> None:
    _, session_id = stack.session()
    _, other_id = stack.session("berta")
    asker, reader = stack.listener(session_id), stack.listener(session_id)
    stranger = stack.listener(other_id)
    for each in (reader, stranger):
        assert each.send("subscribe", topic="questions")["type"] == "subscribed"

    reply = asker.send("publish", topic="questions", data={"q": "why?"})

    assert (reply["type"], reply["recipients"]) == ("published", 1)
    (message,) = reader.of_type("topicMessage")
    assert (message["sessionId"], message["topic"], message["data"]) == (
        session_id,
        "questions",
        {"q": "why?"},
    )
    assert stranger.of_type("topicMessage") == []
    reader.send("unsubscribe", topic="questions")
    assert asker.send("publish", topic="questions", data=1)["recipients"] == 0


def test_subscriptions_go_with_their_connection(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    listener.send("subscribe", topic="captions")

    listener.close()

    assert stack.items("subscriptions") == []


def test_a_subscription_that_ends_while_it_is_moved_is_not_created_again(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("subscribe", topic="questions")
    key = {
        "topicKey": {"S": f"{session_id}#questions"},
        "connectionId": {"S": speaker.connection_id},
    }
    table = stack.aws.tables["subscriptions"]

    def end() -> None:
        stack.database.call("DeleteItem", {"TableName": table, "Key": key})

    fresh = stack.speaker()
    stack.database.before("GetItem", end, table)
    fresh.send("refreshConnection", sessionId=session_id, role="speaker")

    assert stack.items("subscriptions") == []
