"""`python -m bench.load` against a running stack: it detects what is lost."""

from pathlib import Path

from bench.load import plot
from bench.load.faulty_stack import FaultyStack
from bench.load.run import Plan, Run
from bench.load.score import Score, percentile
from tests.running import Lectern


def plan(lectern: Lectern) -> Plan:
    """Run for three seconds. Five times a second one listener drops, and one refreshes."""
    return Plan(
        url=lectern.url,
        speakers=2,
        listeners=12,
        minutes=0.05,
        drops=2500,
        refreshes=2500,
        every=0.3,
        size=50,
        ramp=100,
        settle=30,
    )


async def play(lectern: Lectern, score: Score) -> Run:
    async def token(user: str) -> str:
        return lectern.token(user)

    run = Run(plan(lectern), token, score)
    await run.play()
    return run


async def test_a_run_with_drops_refreshes_and_faults_loses_nothing(
    lectern: Lectern, tmp_path: Path
) -> None:
    FaultyStack(lectern.sandbox.port, process=0).faults(1)
    score = Score()

    run = await play(lectern, score)

    assert score.is_good, score.lines()
    assert len(run.listeners) == len(score.latencies["join"]) - 2 == 12
    assert score.broadcasts > 4
    assert min(score.drops, score.refreshes, score.delivered) > 0
    assert score.arrived >= score.delivered
    plot.save(score, "a test", tmp_path / "load.png")
    assert (tmp_path / "load.png").read_bytes().startswith(b"\x89PNG")
    # A broadcast that no listener received is lost to each of its session.
    run.speakers[0].accepted["*"].add(1_000_000)
    assert sum(listener.missing() for listener in run.listeners) == 6


def test_a_run_that_loses_doubles_miscounts_or_fails_is_not_good() -> None:
    assert Score().is_good
    for bad in (Score(lost=1), Score(duplicates=1), Score(miscounted=["x counts 1 of 2"])):
        assert not bad.is_good
    score = Score()
    score.record_error(429, "RATE_LIMITED")
    assert score.is_good
    score.record_error(503, "HANDSHAKE_REFUSED")
    assert not score.is_good
    assert "503 HANDSHAKE_REFUSED: 1" in "\n".join(score.lines())


def test_percentiles() -> None:
    values = [float(number) for number in range(1, 101)]

    assert [percentile(values, each) for each in (50, 99, 100)] == [51, 100, 100]
    assert percentile([], 99) == 0


def test_memory_is_judged_when_the_run_was_long_enough() -> None:
    long = 600
    flat = Score(server_mb=[200 + second / 100 for second in range(long)])
    warming = Score(server_mb=[min(200 + second, 300) for second in range(long)])
    growing = Score(server_mb=[200 + second for second in range(long)])
    short = Score(server_mb=[200 + 10 * second for second in range(60)])

    assert [score.is_good for score in (flat, warming, growing, short)] == [True, True, False, True]
    assert flat.lines()[-1].endswith(": flat")
    assert growing.lines()[-1].endswith(": not flat")
    assert short.lines()[-1].endswith("in the last")


def test_the_result_names_what_must_not_happen() -> None:
    score = Score(lost=2, server_mb=[100.0] * 600)
    score.record_error(503, "UNAVAILABLE")
    score.record_error(403, "FORBIDDEN")

    times, what = score.reports("a run")

    assert [row.name for row in times.rows] == ["join", "reply", "delivery"]
    assert dict(what.requirements) == {
        "lost: 2, at most 0": False,
        "delivered twice: 0, at most 0": True,
        "sessions with a wrong count: 0, at most 0": True,
        "5xx: 1, at most 0": False,
        "the stack's memory, ratio of its last third to its middle: 1, at most 1.1": True,
    }
    assert "403 FORBIDDEN: 1" in what.markdown()
