"""Guessing sessions: few tries are looked up, and nobody else at the guesser's address is kept out.

The limits are those of production.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_async

from chalicelib.settings import Settings
from tests.aws import Aws
from tests.running import PATIENCE, Lectern
from tests.stack import Client, Json, Refused, Stack

DEFAULTS = {
    "RATE_LIMIT_CONNECTS_PER_MINUTE": "1200",
    "RATE_LIMIT_JOINS_PER_MINUTE": "600",
    "RATE_LIMIT_FAILED_JOINS_PER_MINUTE": "5",
}
GUESS: Json = {"sessionId": "golden-nobody-000", "targetLanguage": "es", "role": "listener"}


@pytest.fixture
def narrow(aws: Aws) -> Stack:
    return Stack(aws, **DEFAULTS)


def guess(client: Client, **fields: object) -> str:
    reply = client.send("joinSession", **(GUESS | fields))
    return str(reply.get("code", reply["type"]))


def test_these_are_the_defaults() -> None:
    settings = Settings()

    assert settings.rate_limit_connects_per_minute == 1200
    assert settings.rate_limit_joins_per_minute == 600
    assert settings.rate_limit_failed_joins_per_minute == 5


@pytest.mark.parametrize("action", ["joinSession", "refreshConnection"])
@pytest.mark.parametrize("token", [{}, {"resumeToken": "r1.AAAA"}])
def test_of_sixty_guesses_one_by_one_five_are_looked_up(
    narrow: Stack, action: str, token: Json
) -> None:
    client = narrow.connect()

    codes = [client.send(action, **GUESS, **token)["code"] for _ in range(60)]

    assert Counter(codes) == {"SESSION_NOT_FOUND": 5, "RATE_LIMITED": 55}
    assert codes[:5] == ["SESSION_NOT_FOUND"] * 5
    narrow.advance(60)
    assert guess(client) == "SESSION_NOT_FOUND"


def test_of_sixty_guesses_at_once_at_most_five_are_looked_up(narrow: Stack) -> None:
    client, together = narrow.connect(), threading.Barrier(20)

    def guesses(_: int) -> list[str]:
        together.wait(PATIENCE)
        return [guess(client) for _ in range(3)]

    with ThreadPoolExecutor(20) as pool:
        codes = Counter(code for codes in pool.map(guesses, range(20)) for code in codes)

    assert codes.total() == 60
    assert codes["SESSION_NOT_FOUND"] <= 5


def test_no_try_is_lost_to_joins_that_succeed_or_find_their_session_full(
    aws: Aws,
) -> None:
    stack = Stack(aws, **DEFAULTS, MAX_LISTENERS_PER_SESSION="1")
    _, session_id = stack.session()
    client = stack.connect()
    for _ in range(7):
        assert guess(client, sessionId=session_id) == "sessionJoined"
        client.send("leaveSession")
    stack.listener(session_id)

    assert [guess(client, sessionId=session_id) for _ in range(7)] == ["SESSION_FULL"] * 7
    assert [guess(client) for _ in range(6)] == ["SESSION_NOT_FOUND"] * 5 + ["RATE_LIMITED"]


def test_good_joins_between_guesses_buy_no_more_of_them(narrow: Stack) -> None:
    _, session_id = narrow.session()
    client = narrow.connect()
    codes = []
    for _ in range(20):
        codes.append(guess(client))
        if guess(client, sessionId=session_id) == "sessionJoined":
            client.send("leaveSession")

    assert codes.count("SESSION_NOT_FOUND") <= 5


def test_of_three_thousand_guesses_from_one_address_at_most_1300_are_looked_up(
    narrow: Stack,
) -> None:
    codes: Counter[str] = Counter()
    clients: list[Client] = []
    for number in range(1500):
        url = number % 2 and f"action=joinSession&{'&'.join(f'{k}={v}' for k, v in GUESS.items())}"
        try:
            clients.append(narrow.connect(url or ""))
        except Refused as refused:
            codes[refused.body["code"]] += 1
    for client in clients:
        codes.update(guess(client) for _ in range(4))

    assert codes["SESSION_NOT_FOUND"] <= 1300
    assert codes.total() >= 3000


def test_whoever_guesses_in_a_hall_keeps_nobody_out(narrow: Stack) -> None:
    speaker, session_id = narrow.session()
    seated = narrow.listener(session_id)
    waiting = narrow.connect()
    for _ in range(1300):
        try:
            guesser = narrow.connect()
        except Refused:
            break
        for _ in range(2):
            guess(guesser)

    # Those whose socket is open, those with a resume token, and those with a token.
    assert guess(waiting, sessionId=session_id) == "sessionJoined"
    token = seated.replies[-1]["resumeToken"]
    join = f"action=joinSession&sessionId={session_id}&targetLanguage=es"
    narrow.connect(f"{join}&resumeToken={token}")
    narrow.connect(f"{join}&token={narrow.token('carl')}")
    with pytest.raises(Refused) as refused:
        narrow.connect(join)
    assert refused.value.status == 429
    assert speaker.send("getSessionStatus")["listenerCount"] == 3


def test_a_resume_token_of_another_session_is_counted_like_none(narrow: Stack) -> None:
    _, session_id = narrow.session()
    token = narrow.listener(session_id).replies[-1]["resumeToken"]
    join = f"action=joinSession&targetLanguage=es&resumeToken={token}"
    for _ in range(40):
        with pytest.raises(Refused):
            narrow.connect(f"{join}&sessionId=golden-nobody-000")

    counts = {item["bucket"]: item.get("count") for item in narrow.items("rate_limits")}
    (counted,) = (n for bucket, n in counts.items() if bucket.startswith("connect:address"))
    assert counted == 41
    assert not any(bucket.startswith("connect:participant") for bucket in counts)


def test_a_user_has_thirty_handshakes_a_minute_and_others_their_own(narrow: Stack) -> None:
    for _ in range(30):
        narrow.speaker("anna")

    with pytest.raises(Refused) as refused:
        narrow.speaker("anna")
    assert refused.value.status == 429
    narrow.speaker("bert")


async def _join(url: str, session_id: str) -> ClientConnection:
    socket = await connect_async(url, open_timeout=PATIENCE)
    join = {"action": "joinSession", "sessionId": session_id, "targetLanguage": "es"}
    await socket.send(json.dumps(join))
    reply = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
    assert reply["type"] == "sessionJoined", reply
    return socket


async def _fill(url: str, session_id: str, size: int) -> int:
    at_once = asyncio.Semaphore(20)

    async def enter() -> ClientConnection:
        async with at_once:
            return await _join(url, session_id)

    sockets = await asyncio.gather(*(enter() for _ in range(size)))
    await asyncio.gather(*(socket.close() for socket in sockets))
    return len(sockets)


def test_a_hall_of_five_hundred_behind_one_address_comes_in(
    run_lectern: Callable[..., Lectern],
) -> None:
    lectern = run_lectern(**DEFAULTS)
    query = f"?role=speaker&action=createSession&sourceLanguage=en&token={lectern.token()}"

    async def play() -> int:
        async with connect_async(lectern.url + query) as speaker:
            created = json.loads(await asyncio.wait_for(speaker.recv(), PATIENCE))
            return await _fill(lectern.url, created["sessionId"], 500)

    assert asyncio.run(play()) == 500
