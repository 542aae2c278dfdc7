"""Single actions on virtual time, with few of each."""

import pytest

from bench.harness import ROOT
from bench.latency import ACTIONS, table
from chalicelib import wiring


def test_cpu_takes_time_beside_round_trips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "_installed", [])
    small = {name: (action[0], 20, *action[2:]) for name, action in ACTIONS.items()}
    monkeypatch.setattr("bench.latency.ACTIONS", small)

    report = table(ROOT, times=2, few=2)

    assert [row.name for row in report.rows] == list(ACTIONS)
    assert len(report.requirements) == len(ACTIONS)
    for row in report.rows:
        assert 3.99 <= row.figures["floor p50"][0] < row.figures["Lectern p50"][0]
    broadcasts = next(row for row in report.rows if row.name.startswith("broadcast"))
    assert broadcasts.figures["naive p50"][0] > broadcasts.figures["Lectern p50"][0]
