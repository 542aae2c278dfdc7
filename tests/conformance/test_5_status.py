"""PROTOCOL 5: sessionStatus, asked for and on its own."""

import itertools

from tests.conformance.stack import Stack


async def test_a_status_that_was_asked_for(stack: Stack) -> None:
    speaker, session = await stack.session()
    status = await speaker.done("getSessionStatus")
    assert (status["sessionId"], status["updateReason"]) == (session, "requested")
    assert (status["listenerCount"], status["languageDistribution"]) == (0, {})
    assert status["broadcastState"] == speaker.welcome["broadcastState"]


async def test_the_duration_is_in_seconds(stack: Stack) -> None:
    speaker, _ = await stack.session()
    await stack.live(100, speaker)
    status = await speaker.done("getSessionStatus")
    assert 100 <= status["sessionDuration"] <= 110


async def test_the_first_listener_of_a_language_is_told_as_a_new_language(stack: Stack) -> None:
    speaker, session = await stack.session()
    await stack.after_a_status(speaker)
    await stack.listener(session, "es")
    status = await speaker.next("sessionStatus", updateReason="newLanguage")
    assert (status["listenerCount"], status["languageDistribution"]) == (1, {"es": 1})
    await stack.listener(session, "fr")
    status = await speaker.next("sessionStatus", updateReason="newLanguage")
    assert status["languageDistribution"] == {"es": 1, "fr": 1}


async def test_a_count_that_moved_by_more_than_a_tenth_is_told(stack: Stack) -> None:
    speaker, session = await stack.session()
    await stack.after_a_status(speaker)
    await stack.listener(session)
    await speaker.next("sessionStatus", listenerCount=1)
    await stack.listener(session)
    status = await speaker.next("sessionStatus", listenerCount=2)
    assert status["updateReason"] == "listenerCountChange"


async def test_a_count_that_moved_by_a_tenth_is_not_told(stack: Stack) -> None:
    speaker, session = await stack.session()
    await stack.after_a_status(speaker)
    listeners = [await stack.listener(session) for _ in range(10)]
    ten = await speaker.next("sessionStatus", listenerCount=10)
    await listeners[0].done("leaveSession")
    await stack.advance(5)
    later = [m for m in await speaker.rest("sessionStatus") if m["timestamp"] > ten["timestamp"]]
    assert not [m for m in later if m["updateReason"] == "listenerCountChange"]


async def test_a_new_language_wins_over_the_count(stack: Stack) -> None:
    speaker, session = await stack.session()
    await stack.after_a_status(speaker)
    listener = await stack.listener(session, "es")
    await speaker.next("sessionStatus", listenerCount=1)
    await listener.done("changeLanguage", targetLanguage="de")
    status = await speaker.next("sessionStatus", updateReason="newLanguage")
    assert status["languageDistribution"] == {"de": 1}


async def test_a_status_comes_every_30_seconds(stack: Stack) -> None:
    speaker, _ = await stack.session()
    for _ in range(4):
        await stack.advance(30)
        await speaker.caught_up()
    periodic = [m for m in await speaker.rest("sessionStatus") if m["updateReason"] == "periodic"]
    assert len(periodic) >= 3
    between = [b["timestamp"] - a["timestamp"] for a, b in itertools.pairwise(periodic)]
    assert max(between) <= 31_000, between


async def test_where_the_session_is_gone_there_is_no_status(stack: Stack) -> None:
    speaker, _ = await stack.session()
    await speaker.done("endSession")
    answer = await speaker.ask("getSessionStatus")
    assert answer["status"] in {400, 403, 404}, answer
