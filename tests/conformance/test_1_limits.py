"""PROTOCOL 1.3 and 2: 429 and 503, on a stack with narrow limits."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conformance.conftest import looked_over
from tests.conformance.process import local_stack
from tests.conformance.raw import Refused
from tests.conformance.stack import Stack

HOUR = 3600
LISTENERS, CONNECTS, JOINS, FAILED, SESSIONS, CONTROLS = 2, 30, 8, 5, 5, 2


@pytest.fixture(scope="module")
def running_narrow() -> Iterator[Stack]:
    if "LECTERN_URL" in os.environ:
        pytest.skip("needs a stack with limits of its own")
    with local_stack(
        MAX_LISTENERS_PER_SESSION=str(LISTENERS),
        RATE_LIMIT_CONNECTS_PER_MINUTE=str(CONNECTS),
        RATE_LIMIT_JOINS_PER_MINUTE=str(JOINS),
        RATE_LIMIT_FAILED_JOINS_PER_MINUTE=str(FAILED),
        RATE_LIMIT_SESSIONS_PER_HOUR=str(SESSIONS),
        RATE_LIMIT_CONTROLS_PER_SECOND=str(CONTROLS),
    ) as stack:
        yield stack


@pytest.fixture
async def narrow(running_narrow: Stack) -> AsyncIterator[Stack]:
    async with looked_over(running_narrow) as stack:
        await stack.advance(HOUR)  # every window is new
        yield stack


async def test_a_full_session_is_503_until_somebody_leaves(narrow: Stack) -> None:
    speaker, session = await narrow.session()
    listeners = [await narrow.listener(session) for _ in range(LISTENERS)]
    fields = {"sessionId": session, "targetLanguage": "es"}
    late = await narrow.connect()
    error = await late.refused("joinSession", "SESSION_FULL", **fields)
    assert error["retryAfter"] > 0
    refused = await narrow.refusal(None, action="joinSession", **fields)
    assert refused.status == 503
    assert await narrow.count(speaker) == LISTENERS
    await listeners[0].done("leaveSession")
    await late.done("joinSession", **fields)


async def test_who_comes_back_to_a_full_session_has_its_place(narrow: Stack) -> None:
    speaker, session = await narrow.session()
    old = await narrow.listener(session)
    await narrow.listener(session)
    fresh = await narrow.connect()
    await fresh.done(
        "refreshConnection",
        sessionId=session,
        role="listener",
        targetLanguage="es",
        resumeToken=old.welcome["resumeToken"],
    )
    assert await narrow.count(speaker) == LISTENERS


async def test_too_many_joins_from_one_address_are_429(narrow: Stack) -> None:
    _, session = await narrow.session()
    client = await narrow.connect()
    fields = {"sessionId": session, "targetLanguage": "es"}
    kinds = []
    for _ in range(2 * JOINS + 1):
        kinds.append((await client.ask("joinSession", **fields)).get("code", "joined"))
        await client.ask("leaveSession")
    assert kinds[0] == "joined"
    assert set(kinds) == {"joined", "RATE_LIMITED"}
    assert JOINS <= kinds.count("joined") <= 2 * JOINS


@pytest.mark.parametrize("action", ["joinSession", "refreshConnection"])
async def test_who_finds_no_session_too_often_is_429(narrow: Stack, action: str) -> None:
    fields = {"sessionId": "golden-nobody-000", "targetLanguage": "es", "role": "listener"}
    client = await narrow.connect()
    answers = [(await client.ask(action, **fields)) for _ in range(12 * FAILED)]
    codes = [answer["code"] for answer in answers]
    assert codes == ["SESSION_NOT_FOUND"] * FAILED + ["RATE_LIMITED"] * (11 * FAILED)
    assert all(0 < answer["retryAfter"] <= 60 for answer in answers[FAILED:])
    await narrow.advance(61)
    assert (await client.ask(action, **fields))["code"] == "SESSION_NOT_FOUND"


async def test_too_many_handshakes_from_one_address_are_429_with_retry_after(
    narrow: Stack,
) -> None:
    async def flood() -> None:
        for _ in range(2 * CONNECTS + 1):
            await narrow.connect()

    with pytest.raises(Refused) as refused:
        await flood()
    headers = {name.lower(): value for name, value in refused.value.headers.items()}
    assert refused.value.status == 429
    assert 0 < int(headers["retry-after"]) <= 60
    await narrow.advance(61)
    await narrow.connect()


async def test_too_many_sessions_of_one_user_are_429(narrow: Stack) -> None:
    for _ in range(SESSIONS):
        await narrow.session("bea")
    speaker = await narrow.speaker("bea")
    await speaker.refused("createSession", "RATE_LIMITED", sourceLanguage="en")
    await narrow.session("cleo")


async def test_too_many_controls_a_second_are_429_and_change_nothing(narrow: Stack) -> None:
    speaker, _ = await narrow.session()
    answers = [await speaker.ask("setVolume", volume=n / 100) for n in range(30)]
    limited = [answer for answer in answers if answer["type"] == "error"]
    assert {answer["code"] for answer in limited} == {"RATE_LIMITED"}
    versions = [a["stateVersion"] for a in answers if a["type"] == "broadcastStateChanged"]
    assert versions == list(range(versions[0], versions[0] + len(versions)))
