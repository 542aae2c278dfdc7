"""PROTOCOL 6.2: streams, what was missed, and gaps."""

from typing import Any

import pytest

from tests.conformance.raw import RawClient
from tests.conformance.schema import Message
from tests.conformance.stack import Stack


def missed(reply: Message) -> list[tuple[str, int, Any]]:
    return [(m["stream"], m["seq"], m["data"]) for m in reply["missed"]]


async def say(speaker: RawClient, *broadcasts: tuple[str, Any]) -> None:
    for stream, data in broadcasts:
        language = {} if stream == "*" else {"targetLanguage": stream}
        await speaker.done("broadcast", data=data, **language)


FIVE = [("es", "uno"), ("*", "all"), ("es", "dos"), ("fr", "un"), ("es", "tres")]


async def test_recover_answers_what_came_after_each_stream_in_order(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await say(speaker, *FIVE)
    reply = await listener.done("recover", lastSeq={"*": 0, "es": 1})
    assert (reply["type"], reply["sessionId"], reply["gap"]) == ("recovered", session, False)
    assert reply["lastSeq"] == {"*": 1, "es": 3}
    by_stream = sorted(missed(reply))
    assert by_stream == [("*", 1, "all"), ("es", 2, "dos"), ("es", 3, "tres")]
    spanish = [seq for stream, seq, _ in missed(reply) if stream == "es"]
    assert spanish == [2, 3]


async def test_who_is_up_to_date_missed_nothing(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await say(speaker, *FIVE)
    reply = await listener.done("recover", lastSeq={"*": 1, "es": 3})
    assert (reply["missed"], reply["gap"]) == ([], False)


@pytest.mark.parametrize("way", ["joinSession", "refreshConnection"])
async def test_who_comes_back_with_lastseq_is_given_what_it_missed(stack: Stack, way: str) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await say(speaker, FIVE[0])
    await listener.next("broadcast")
    await listener.cut()
    await say(speaker, *FIVE[1:])
    client = await stack.connect()
    fields = {"sessionId": session, "targetLanguage": "es", "lastSeq": {"*": 0, "es": 1}}
    fields |= {"role": "listener"} if way == "refreshConnection" else {}
    reply = await client.done(way, resumeToken=listener.welcome["resumeToken"], **fields)
    assert sorted(missed(reply)) == [("*", 1, "all"), ("es", 2, "dos"), ("es", 3, "tres")]
    assert reply["gap"] is False
    assert reply["lastSeq"] == {"*": 1, "es": 3}
    await say(speaker, ("es", "cuatro"))
    assert (await client.next("broadcast"))["seq"] == 4


async def test_what_was_missed_is_the_message_that_was_sent(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await say(speaker, ("es", {"text": "ñ", "n": [1, None]}))
    told = await listener.next("broadcast")
    reply = await listener.done("recover", lastSeq={"*": 0, "es": 0})
    assert reply["missed"] == [told]


async def test_a_heartbeat_tells_where_the_streams_stand_if_asked(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await say(speaker, *FIVE)
    assert (await listener.done("heartbeat", wantSeq=True))["lastSeq"] == {"*": 1, "es": 3}
    assert "lastSeq" not in await listener.done("heartbeat")
    assert "lastSeq" not in await listener.done("heartbeat", wantSeq=False)


async def test_what_is_no_longer_held_is_a_gap(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await say(speaker, ("es", "old"))
    await stack.live(125, speaker, listener)
    await say(speaker, ("es", "new"))
    reply = await listener.done("recover", lastSeq={"*": 0, "es": 0})
    assert (missed(reply), reply["gap"]) == ([("es", 2, "new")], True)
    reply = await listener.done("recover", lastSeq={"*": 0, "es": 1})
    assert (missed(reply), reply["gap"]) == ([("es", 2, "new")], False)


async def test_what_does_not_fit_in_one_message_comes_in_several(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    for number in range(7):
        await say(speaker, ("es", f"{number}{'x' * 30_000}"))
    seen, replies = 0, 0
    while seen < 7:
        reply = await listener.done("recover", lastSeq={"*": 0, "es": seen})
        numbers = [seq for _, seq, _ in missed(reply)]
        assert numbers == list(range(seen + 1, seen + 1 + len(numbers)))
        assert numbers
        seen, replies = numbers[-1], replies + 1
        assert reply["gap"] is (seen < 7)
        assert len(listener.frames[-1]) <= 128 * 1024
    assert replies > 1


async def test_a_seq_is_given_once_whoever_holds_the_session(stack: Stack) -> None:
    old, session = await stack.session()
    await say(old, ("*", 1), ("*", 2))
    fresh = await stack.speaker()
    await fresh.done("refreshConnection", sessionId=session, role="speaker")
    assert (await fresh.done("broadcast", data=3))["seq"] == 3


async def test_a_broadcast_whose_delivery_failed_can_be_recovered(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await stack.fault(target="management", fault="error", times=20)
    await speaker.done("broadcast", data="lost", targetLanguage="es")
    await stack.end_faults()
    ack = await listener.done("heartbeat", wantSeq=True)
    assert ack["lastSeq"]["es"] == 1
    reply = await listener.done("recover", lastSeq={"*": 0, "es": 0})
    assert missed(reply) == [("es", 1, "lost")]
