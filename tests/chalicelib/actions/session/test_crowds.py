"""Many at the same instant, in real threads: the count is exact."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from tests.stack import Stack


def test_a_session_in_which_all_change_language_at_once_is_counted_right(stack: Stack) -> None:
    _, session_id = stack.session()
    room = [stack.listener(session_id, "es") for _ in range(12)]
    acts: list[Callable[[], Any]] = [
        *(partial(client.send, "changeLanguage", targetLanguage="fr") for client in room[:6]),
        *(partial(client.send, "leaveSession") for client in room[6:9]),
        *(partial(client.close, 1006) for client in room[9:]),
    ]

    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(act) for act in acts]:
            done.result()

    assert stack.counts(session_id) == (6, {"fr": 6})
