"""PROTOCOL 3 and 4: topics within a session."""

import asyncio
import os
from typing import Any

import pytest

from tests.conformance.conftest import looked_over
from tests.conformance.process import local_stack
from tests.conformance.stack import Stack


async def test_what_is_published_reaches_every_subscriber_of_the_topic(stack: Stack) -> None:
    speaker, session = await stack.session()
    subscriber, other = await stack.listener(session), await stack.listener(session)
    publisher = await stack.listener(session)
    for client in (speaker, subscriber):
        assert (await client.done("subscribe", topic="chat"))["topic"] == "chat"
    await other.done("subscribe", topic="polls")
    published = await publisher.done("publish", topic="chat", data={"text": "hi"})
    assert (published["type"], published["topic"], published["recipients"]) == (
        "published",
        "chat",
        2,
    )
    for client in (speaker, subscriber):
        message = await client.next("topicMessage")
        assert (message["sessionId"], message["topic"]) == (session, "chat")
        assert (message["data"], message["from"]) == ({"text": "hi"}, "listener")
    for client in (other, publisher):
        assert not await client.rest("topicMessage")


async def test_whoever_unsubscribes_hears_nothing_more(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await listener.done("subscribe", topic="chat")
    assert (await listener.done("unsubscribe", topic="chat"))["topic"] == "chat"
    assert (await speaker.done("publish", topic="chat", data=1))["recipients"] == 0
    assert not await listener.rest("topicMessage")


async def test_a_topic_subscribed_to_twice_is_heard_once(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    for _ in range(2):
        await listener.done("subscribe", topic="chat")
    assert (await speaker.done("publish", topic="chat", data=1))["recipients"] == 1
    assert len(await listener.rest("topicMessage")) == 1


async def test_a_topic_of_another_session_is_another_topic(stack: Stack) -> None:
    (one, _), (_, second) = await stack.session(), await stack.session()
    far = await stack.listener(second)
    await far.done("subscribe", topic="chat")
    assert (await one.done("publish", topic="chat", data=1))["recipients"] == 0
    assert not await far.rest("topicMessage")


@pytest.mark.parametrize("topic", ["a", "A-b_c.9", "x" * 64])
async def test_names_of_topics(stack: Stack, topic: str) -> None:
    speaker, _ = await stack.session()
    await speaker.done("subscribe", topic=topic)
    await speaker.done("publish", topic=topic, data=None)
    assert (await speaker.next("topicMessage"))["data"] is None


@pytest.mark.parametrize("topic", ["", "a b", "a#b", "é", "x" * 65, 7])
async def test_what_is_no_name_of_a_topic(stack: Stack, topic: Any) -> None:
    speaker, _ = await stack.session()
    for action, fields in (("subscribe", {}), ("unsubscribe", {}), ("publish", {"data": 1})):
        await speaker.refused(action, "INVALID_MESSAGE", topic=topic, **fields)


async def test_whoever_goes_away_is_subscribed_to_nothing(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await listener.done("subscribe", topic="chat")
    await listener.done("leaveSession")
    assert (await speaker.done("publish", topic="chat", data=1))["recipients"] == 0


async def test_a_topic_message_says_that_the_speaker_speaks(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await listener.done("subscribe", topic="chat")
    await speaker.done("publish", topic="chat", data=1)
    assert (await listener.next("topicMessage"))["from"] == "speaker"


async def test_a_connection_subscribes_to_at_most_50_topics(stack: Stack) -> None:
    """One that it has already counts once, and one that it gives up not at all."""
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    topics = [f"topic-{number}" for number in range(60)]
    replies = await asyncio.gather(*(listener.ask("subscribe", topic=topic) for topic in topics))
    taken = [reply["topic"] for reply in replies if reply["type"] == "subscribed"]
    refused = [reply for reply in replies if reply["type"] == "error"]
    assert len(taken) == 50
    assert {(each["code"], each["details"][0]["field"]) for each in refused} == {
        ("INVALID_MESSAGE", "topic")
    }
    await listener.done("subscribe", topic=taken[0])
    await listener.done("unsubscribe", topic=taken[0])
    await listener.done("subscribe", topic="another")
    await listener.refused("subscribe", "INVALID_MESSAGE", topic="one-too-many")
    assert (await speaker.done("publish", topic="another", data=1))["recipients"] == 1


async def test_what_a_listener_publishes_is_small(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await listener.done("publish", topic="chat", data="x" * 3900)
    await listener.refused("publish", "PAYLOAD_TOO_LARGE", topic="chat", data="x" * 4096)
    await speaker.done("publish", topic="chat", data="x" * 20_000)


async def test_where_only_the_speaker_publishes_a_listener_is_refused() -> None:
    if "LECTERN_URL" in os.environ:
        pytest.skip("needs a stack with settings of its own")
    with local_stack(TOPIC_PUBLISHERS="speaker") as running:
        async with looked_over(running) as stack:
            speaker, session = await stack.session()
            listener = await stack.listener(session)
            await listener.done("subscribe", topic="chat")
            await listener.refused("publish", "FORBIDDEN", topic="chat", data=1)
            assert (await speaker.done("publish", topic="chat", data=2))["recipients"] == 1
            assert (await listener.next("topicMessage"))["data"] == 2
