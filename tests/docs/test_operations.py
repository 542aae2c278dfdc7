"""The operations page has every metric, with its dimensions."""

import re

from chalicelib.telemetry.metrics import METRICS
from tests.docs.blocks import ROOT


def test_the_page_has_every_metric_with_its_dimensions() -> None:
    page = (ROOT / "docs" / "run" / "operations.md").read_text()
    section = page.partition("## Metrics")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]

    documented = {
        metric: tuple(re.findall(r"`(\w+)`", dimensions))
        for metrics, dimensions in rows
        for metric in re.findall(r"`(\w+)`", metrics)
    }

    assert documented == dict(METRICS)
