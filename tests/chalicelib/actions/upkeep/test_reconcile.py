"""Reconciliation repairs a drift of the counts, and nothing that only looks like one."""

import pytest

from chalicelib import handlers
from chalicelib.errors import ServiceDown
from tests.aws import Aws
from tests.stack import Json, Stack


@pytest.fixture
def stack(aws: Aws) -> Stack:
    """A stack whose sessions are so small that they have one shard."""
    return Stack(aws, MAX_LISTENERS_PER_SESSION="50")


def tamper(stack: Stack, session_id: str, count: int, languages: dict[str, int]) -> None:
    """Make the counts of a session wrong, as none of our code should."""
    stack.change_shard(session_id, 0, listenerCount=count, languageCounts=languages)


def reconcile(stack: Stack) -> int:
    suspects: int = handlers.reconcile_counts(stack.context)["suspects"]
    return suspects


def drifts(stack: Stack) -> list[Json]:
    return [line for line in stack.events() if "CountDrift" in line]


@pytest.mark.parametrize(
    ("count", "languages", "drift"),
    [
        (3, {"es": 2, "fr": 1}, 1),
        (1, {"es": 1}, 1),
        (5, {"es": 1, "fr": 1}, 3),
        (2, {"es": 1, "de": 1}, 2),
    ],
)
def test_a_drift_that_is_seen_twice_is_repaired(
    stack: Stack, count: int, languages: dict[str, int], drift: int
) -> None:
    _, session_id = stack.session()
    stack.listener(session_id, "es")
    stack.listener(session_id, "fr")
    tamper(stack, session_id, count, languages)

    assert reconcile(stack) == 1
    stack.advance(10)

    assert stack.counts(session_id) == (2, {"es": 1, "fr": 1})
    assert [line["CountDrift"] for line in drifts(stack)] == [drift]
    assert reconcile(stack) == 0


def test_right_counts_are_left_alone(stack: Stack) -> None:
    _, session_id = stack.session()
    stack.listener(session_id)
    before = stack.shards(session_id)

    assert reconcile(stack) == 0
    assert stack.shards(session_id) == before
    assert stack.jobs.waiting == []


@pytest.mark.parametrize(("joins", "found"), [("fr", {"es": 2, "fr": 1}), ("es", {"es": 2})])
def test_counts_that_changed_since_the_first_look_are_no_drift(
    stack: Stack, joins: str, found: dict[str, int]
) -> None:
    _, session_id = stack.session()
    first = stack.listener(session_id, "es")
    tamper(stack, session_id, 2, {"es": 2})
    reconcile(stack)
    stack.listener(session_id, joins)
    if joins == "es":
        first.close()  # so that as many are found as at the first look

    stack.advance(10)

    assert stack.counts(session_id) == (sum(found.values()), found)
    assert drifts(stack) == []


def test_a_join_in_the_moment_of_the_repair_is_not_lost(stack: Stack) -> None:
    _, session_id = stack.session()
    stack.listener(session_id, "es")
    tamper(stack, session_id, 2, {"es": 2})
    reconcile(stack)
    stack.database.before("UpdateItem", lambda: stack.listener(session_id, "fr"), ":found")

    stack.advance(10)
    assert stack.counts(session_id) == (3, {"es": 2, "fr": 1})
    reconcile(stack)
    stack.advance(10)

    assert stack.counts(session_id) == (2, {"es": 1, "fr": 1})


def test_a_session_that_has_ended_meanwhile_is_left_alone(stack: Stack) -> None:
    speaker, session_id = stack.session()
    tamper(stack, session_id, 2, {"es": 2})
    reconcile(stack)
    stack.jobs.waiting = [each for each in stack.jobs.waiting if each[1]["kind"] == "repairCounts"]
    speaker.send("endSession")
    stack.jobs.waiting = [each for each in stack.jobs.waiting if each[1]["kind"] == "repairCounts"]

    stack.advance(10)

    assert drifts(stack) == []


def test_languages_without_listeners_are_removed_from_the_counts(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    for language in ("fr", "de", "pt"):
        listener.send("changeLanguage", targetLanguage=language)
    assert len(stack.shard(session_id, 0)["languageCounts"]) == 4

    assert reconcile(stack) == 0

    assert stack.shard(session_id, 0)["languageCounts"] == {"pt": 1}
    assert drifts(stack) == []


def test_a_session_that_cannot_be_read_does_not_hold_up_the_others(stack: Stack) -> None:
    ids = [stack.session(user)[1] for user in ("anna", "berta")]
    for session_id in ids:
        tamper(stack, session_id, 1, {"es": 1})
    stack.database.fail("Query", ServiceDown("500"), concerns="targetLanguage-index")

    assert reconcile(stack) == 1


def test_a_drift_is_repaired_in_its_shard_alone(aws: Aws) -> None:
    stack = Stack(aws)
    _, session_id = stack.session()
    listeners = [stack.listener(session_id, "es") for _ in range(5)]
    right = stack.shards(session_id)
    (number, *_) = (each.item["shard"] for each in listeners if each.item)
    stack.change_shard(session_id, number, listenerCount=9, languageCounts={"es": 9})

    assert reconcile(stack) == 1
    (_, job), *others = [each for each in stack.jobs.waiting if each[1]["kind"] == "repairCounts"]
    stack.advance(10)

    assert (job["shard"], others) == (number, [])
    assert stack.shards(session_id) == right
