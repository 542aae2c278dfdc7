"""The report of a session has joins, leaves and broadcasts, and fits in a message."""

from msgspec.structs import replace

from chalicelib.actions.background import report
from chalicelib.domain.counts import Shard
from chalicelib.domain.types import Millis, SessionId
from chalicelib.stores.history import HistoryEntry
from tests.stack import Stack


def test_a_report_has_the_peak_and_the_languages_over_time(stack: Stack) -> None:
    speaker, session_id = stack.session()
    spanish, _ = stack.listener(session_id, "es"), stack.listener(session_id, "fr")
    stack.run_changes()
    stack.advance(10)
    spanish.close()
    stack.run_changes()
    speaker.send("broadcast", data="x", targetLanguage="fr")
    speaker.send("submitRequest", request="sessionReport")

    stack.run_jobs()

    told = speaker.of_type("requestCompleted")[0]["result"]
    assert (told["joins"], told["leaves"], told["listeners"], told["peak"]) == (2, 1, 1, 2)
    assert [each["languages"] for each in told["languagesOverTime"]] == [
        {"es": 1, "fr": 1},
        {"fr": 1},
    ]
    assert (told["duration"], told["broadcasts"]) == (10, {"fr": 1})


def test_the_report_of_a_long_session_fits_in_a_message(stack: Stack) -> None:
    speaker, session_id = stack.session()
    session = stack.services.sessions.get(SessionId(session_id))
    assert session is not None
    languages = {f"{first}{second}": 1 for first in "abcdefgh" for second in "abcdefgh"}
    empty = Shard(session_id=session.session_id, number=0, capacity=100)
    for number in range(300):
        stack.clock.advance(1)
        full = replace(empty, language_counts=languages, listener_count=64 + number % 36)
        changes = [(empty, full), (full, replace(full, listener_count=64))]
        report.sample(stack.services, session.session_id, changes, str(number))
    speaker.send("submitRequest", request="sessionReport")

    stack.run_jobs()

    told = speaker.of_type("requestCompleted")[0]["result"]
    times = [each["at"] for each in told["languagesOverTime"]]
    assert told["peak"] == 99
    assert times[-1] == stack.clock.now
    assert times == sorted(times)
    assert 50 < len(times) < 300


def test_a_report_reads_the_samples_that_an_earlier_version_has_kept(stack: Stack) -> None:
    _, session_id = stack.session()
    session = stack.services.sessions.get(SessionId(session_id))
    assert session is not None
    recorded = (
        '{"at": 1700000000000, "listeners": 1, "peak": 3, "joins": 3, "languages": {"es": 1}}'
    )
    entry = HistoryEntry(stack.clock.now, recorded, Millis(stack.clock.now + 60_000))
    stack.services.history.keep(session.session_id, "@samples", entry)

    built = report.build(stack.services, session)

    assert built["peak"] == 3
    assert built["languagesOverTime"] == [{"at": 1700000000000, "languages": {"es": 1}}]


def test_the_peak_is_that_of_the_whole_session_at_one_moment(stack: Stack) -> None:
    """Each shard has its own peak, and they are seldom at the same time."""
    speaker, session_id = stack.session()
    for _ in range(3):
        visitors = [stack.listener(session_id) for _ in range(4)]
        for visitor in visitors:
            visitor.close()
    stack.run_changes()
    stack.clock.advance(1)
    for _ in range(2):
        stack.listener(session_id)
        stack.run_changes()
    speaker.send("submitRequest", request="sessionReport")

    stack.run_jobs()

    told = speaker.of_type("requestCompleted")[0]["result"]
    assert (told["joins"], told["listeners"], told["peak"]) == (14, 2, 4)
