"""Many at the same instant, in real threads: the count is exact, the capacity is never passed."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

from tests.aws import Aws
from tests.stack import Client, Json, Stack

LANGUAGES = ("es", "fr", "de", "pt")


def at_once(doing: Iterable[Callable[[], Any]]) -> list[Any]:
    """All in threads of their own."""
    tasks = list(doing)
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def joining(client: Client, session_id: str, number: int) -> Callable[[], Json]:
    language = LANGUAGES[number % len(LANGUAGES)]
    return partial(client.send, "joinSession", sessionId=session_id, targetLanguage=language)


def test_sixty_join_at_once_half_are_cut_and_others_close(stack: Stack) -> None:
    _, session_id = stack.session()
    clients = [stack.connect() for _ in range(60)]

    joined = at_once(joining(each, session_id, n) for n, each in enumerate(clients))
    cut, closing, staying = clients[:30], clients[30:45], clients[45:]
    at_once(
        [partial(client.close, 1006) for client in cut]
        + [partial(client.close, 1000) for client in closing]
    )

    assert [reply["type"] for reply in joined] == ["sessionJoined"] * 60
    languages = Counter(each.item["targetLanguage"] for each in staying if each.item)
    assert stack.counts(session_id) == (15, dict(languages))
    assert len(stack.items("connections")) == 16


def test_eighty_join_at_once_where_fifty_fit(aws: Aws) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="50")
    _, session_id = stack.session()
    clients = [stack.connect() for _ in range(80)]

    replies = at_once(joining(each, session_id, n) for n, each in enumerate(clients))

    outcomes = Counter(reply.get("code", reply["type"]) for reply in replies)
    assert outcomes == {"sessionJoined": 50, "SESSION_FULL": 30}
    count, languages = stack.counts(session_id)
    assert (count, sum(languages.values())) == (50, 50)


def test_a_speaker_that_refreshes_twice_at_once_has_one_session_and_one_refusal(
    stack: Stack,
) -> None:
    old, session_id = stack.session()
    both = [stack.speaker(), stack.speaker()]

    side_by_side = Barrier(2)
    for _ in both:
        stack.database.before("TransactWriteItems", side_by_side.wait)

    fields = {"sessionId": session_id, "role": "speaker"}
    replies = at_once(partial(client.send, "refreshConnection", **fields) for client in both)

    won = [reply["type"] == "connectionRefreshComplete" for reply in replies]
    assert won.count(True) == 1
    assert replies[won.index(False)]["status"] == 403
    winner = both[won.index(True)]
    assert stack.session_item(session_id)["speakerConnectionId"] == winner.connection_id
    old.close()
    both[won.index(False)].close()
    assert stack.session_item(session_id)["isActive"] is True


def test_a_resume_token_used_twice_at_once_is_one_listener(stack: Stack) -> None:
    _, session_id = stack.session()
    first = stack.connect()
    token = first.send("joinSession", sessionId=session_id, targetLanguage="es")["resumeToken"]
    both = [stack.connect(), stack.connect()]

    side_by_side = Barrier(2)
    for _ in both:
        stack.database.before("TransactWriteItems", side_by_side.wait)

    fields = {"sessionId": session_id, "targetLanguage": "es", "resumeToken": token}
    replies = at_once(
        partial(client.send, "refreshConnection", role="listener", **fields) for client in both
    )

    assert stack.counts(session_id) == (1, {"es": 1})
    assert sorted(reply.get("status", 200) for reply in replies) == [200, 403]
    for client in (first, *both):
        client.close()
    assert stack.counts(session_id) == (0, {})


def test_a_session_in_which_all_change_language_at_once_is_counted_right(stack: Stack) -> None:
    _, session_id = stack.session()
    room = [stack.listener(session_id, "es") for _ in range(12)]

    at_once(
        [partial(client.send, "changeLanguage", targetLanguage="fr") for client in room[:6]]
        + [partial(client.send, "leaveSession") for client in room[6:9]]
        + [partial(client.close, 1006) for client in room[9:]]
    )

    assert stack.counts(session_id) == (6, {"fr": 6})
