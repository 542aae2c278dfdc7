"""sessionStatus comes on request, every 30 seconds, and when the listeners change."""

from collections import Counter

import pytest

from chalicelib import handlers
from chalicelib.errors import ServiceDown
from tests.crowd import crowd
from tests.in_memory import Context, Until
from tests.stack import Client, Json, Stack

LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "ru", "zh-Hant-TW")


def statuses(speaker: Client) -> list[tuple[str, int]]:
    """Reason and count of every status that came by itself."""
    return [(m["updateReason"], m["listenerCount"]) for m in speaker.of_type("sessionStatus")]


@pytest.mark.parametrize("listeners", [0, 12, 500])
def test_a_status_costs_the_same_whatever_the_number_of_listeners(
    stack: Stack, listeners: int
) -> None:
    speaker, session_id = stack.session()
    crowd(stack, session_id, listeners, LANGUAGES)
    speaker.send("getSessionStatus")

    with stack.outside.counted() as calls:
        status = speaker.send("getSessionStatus")

    expected = Counter(LANGUAGES[number % 12] for number in range(listeners))
    assert status["languageDistribution"] == expected
    assert status["listenerCount"] == listeners
    assert calls == ["GetItem", "GetItem", "Query"]


def test_ten_that_join_within_a_second_make_one_status(stack: Stack) -> None:
    speaker, session_id = stack.session()
    for number in range(10):
        stack.listener(session_id, "es" if number % 2 else "fr")

    stack.run_changes()

    assert statuses(speaker) == [("newLanguage", 10)]


def test_a_status_comes_for_a_change_of_more_than_a_tenth_and_for_no_smaller_one(
    stack: Stack,
) -> None:
    speaker, session_id = stack.session()
    room = crowd(stack, session_id, 20)
    stack.run_changes()
    more = [stack.listener(session_id), stack.listener(session_id)]
    stack.run_changes()
    assert statuses(speaker) == [("newLanguage", 20)]

    stack.listener(session_id)
    stack.run_changes()
    assert statuses(speaker)[1:] == [("listenerCountChange", 23)]
    for client in [*more, room[0]]:
        client.close()
    stack.run_changes()
    assert statuses(speaker)[2:] == [("listenerCountChange", 20)]


def test_a_status_comes_for_a_new_language_although_the_count_hardly_changes(stack: Stack) -> None:
    speaker, session_id = stack.session()
    room = crowd(stack, session_id, 30)
    speaker.send("getSessionStatus")
    stack.run_changes()
    assert statuses(speaker) == []

    room[3].send("changeLanguage", targetLanguage="cy")
    stack.run_changes()

    assert statuses(speaker) == [("newLanguage", 30)]


def test_a_status_is_sent_once_although_the_stream_brings_the_batch_again(stack: Stack) -> None:
    speaker, session_id = stack.session()
    stack.listener(session_id)

    stack.count_changes_that_fail()
    stack.count_changes_that_fail()

    assert statuses(speaker) == [("newLanguage", 1)]


def test_no_status_is_sent_while_the_speaker_is_away(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.close(1006)
    stack.listener(session_id)

    stack.run_changes()
    told = handlers.publish_status(stack.context)["told"]
    back = stack.speaker()
    back.send("refreshConnection", sessionId=session_id, role="speaker")
    stack.listener(session_id)
    stack.run_changes()

    assert told == 0
    assert statuses(back) == [("newLanguage", 2)]


def test_periodic_statuses_come_thirty_seconds_apart_for_ten_minutes(stack: Stack) -> None:
    speakers = [stack.session(user)[0] for user in ("anna", "berta", "carla")]
    start = stack.clock.now

    for minute in range(10):
        if minute == 4:
            speakers[1].close(lost=True)
        handlers.publish_status(stack.context)
        stack.advance(30)
        stack.advance(30)

    for speaker in (speakers[0], speakers[2]):
        times = [m["timestamp"] - start for m in speaker.of_type("sessionStatus")]
        assert times == [number * 30_000 for number in range(20)]
        assert {m["updateReason"] for m in speaker.of_type("sessionStatus")} == {"periodic"}


def test_a_speaker_that_is_gone_is_cleaned_up(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.close(lost=True)
    stack.clock.advance(31)

    handlers.publish_status(stack.context)
    assert speaker.item is None
    stack.advance(30)

    assert stack.session_item(session_id)["isActive"] is False


@pytest.mark.parametrize("trouble", ["slow", "not noted"])
def test_one_that_fails_does_not_hold_up_the_others(stack: Stack, trouble: str) -> None:
    speakers = dict(stack.session(user)[::-1] for user in ("anna", "berta", "carla"))
    for session_id in speakers:
        stack.listener(session_id)
    unlucky_id, unlucky = next(iter(speakers.items()))
    if trouble == "slow":
        stack.sockets.slow.add(unlucky.connection_id)
    else:
        stack.database.fail("UpdateItem", ServiceDown("500"), concerns=unlucky_id)

    told = handlers.publish_status(stack.context)["told"]

    noted = {each["sessionId"] for each in stack.items("sessions") if "statusSent" in each}
    assert told == (2 if trouble == "slow" else 3)
    assert noted == speakers.keys() - {unlucky_id}


def test_speakers_not_reached_in_the_time_are_told_by_jobs(stack: Stack) -> None:
    speakers = [stack.session(f"speaker {number}")[0] for number in range(12)]
    stack.context = Until(lambda: any(each.received for each in speakers), 7)

    told = handlers.publish_status(stack.context)["told"]
    stack.context = Context()
    stack.run_jobs()

    assert 0 < told < 12
    assert [statuses(speaker) for speaker in speakers] == [[("periodic", 0)]] * 12


def test_statuses_sent_and_query_latency_are_metrics(stack: Stack) -> None:
    speaker, _ = stack.session()
    speaker.send("getSessionStatus")
    handlers.publish_status(stack.context)

    names = {name: value for line in stack.events() for name, value in line.items()}

    assert names["PeriodicStatusUpdatesSent"] == 1
    assert names["StatusQueryLatency"] == 0


def test_a_run_over_all_sessions_shows_how_many_they_are_and_their_listeners(stack: Stack) -> None:
    for user in ("anna", "berta"):
        stack.listener(stack.session(user)[1], "fr")

    handlers.publish_status(stack.context)

    shown: Json = {}
    for event in stack.events():
        shown |= event
    assert (shown["ActiveSessions"], shown["TotalListeners"]) == (2, 2)


def test_however_many_languages_there_are_twenty_have_a_metric_of_their_own(stack: Stack) -> None:
    _, session_id = stack.session()
    names = [f"{first}{second}" for first in "abcde" for second in "fghij"]
    for language in [*names, *names[:20]]:
        stack.listener(session_id, language)

    handlers.publish_status(stack.context)

    lines = [event for event in stack.events() if "ListenersByLanguage" in event]
    counts = {line["Language"]: line["ListenersByLanguage"] for line in lines}
    assert counts == dict.fromkeys(names[:20], 2) | {"other": 5}


def test_of_two_batches_that_look_at_once_the_later_change_is_told(stack: Stack) -> None:
    speaker, session_id = stack.session()
    stack.listener(session_id, "es")

    def other() -> None:
        stack.listener(session_id, "fr")
        stack.count_changes_that_fail()

    stack.database.before("UpdateItem", other, "statusSent")
    stack.run_count_changes()

    assert statuses(speaker) == [("newLanguage", 2)]
