"""Whoever has neither key nor resume token can't tell a private session from none."""

import statistics
import time

import pytest

from tests.security.watched import Watched
from tests.stack import Json, Stack


def _private(stack: Stack, tenant: str | None = None) -> Json:
    speaker = stack.speaker("anna", tenant)
    return speaker.send("createSession", sourceLanguage="en", private=True)


def _calls(stack: Stack, action: str, **fields: object) -> tuple[list[str], Json]:
    client = stack.connect()
    with stack.outside.counted() as calls:
        reply = client.send(action, role="listener", targetLanguage="es", **fields)
    return calls, reply


@pytest.mark.parametrize("action", ["joinSession", "refreshConnection"])
def test_unknown_private_and_foreign_sessions_cost_the_same_calls(
    stack: Stack, action: str
) -> None:
    hidden = _private(stack)["sessionId"]

    seen = [
        _calls(stack, action, sessionId=session_id, joinKey=key)
        for session_id in (hidden, "golden-nobody-000")
        for key in ("", "A" * 22)
    ]

    assert all(calls == seen[0][0] for calls, _ in seen)
    assert {reply["code"] for _, reply in seen} == {"SESSION_NOT_FOUND"}


def test_the_time_of_a_refusal_tells_nothing(watched: Watched) -> None:
    """The middle of some hundred tries differs by less than a network varies by itself.

    What is left is that the item of a session is decoded: some tenths of a millisecond here.
    """
    hidden = _private(watched)["sessionId"]
    client = watched.connect()
    times: dict[str, list[float]] = {hidden: [], "golden-nobody-000": []}
    for _ in range(150):
        for session_id, taken in times.items():
            started = time.perf_counter()
            client.send("joinSession", sessionId=session_id, targetLanguage="es", joinKey="A" * 22)
            taken.append(time.perf_counter() - started)

    there, absent = (statistics.median(taken) for taken in times.values())

    assert abs(there - absent) < 0.001
