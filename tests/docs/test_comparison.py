"""The comparison names a source for every statement about another product."""

import re

from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs" / "use" / "comparison.md").read_text()
TABLE, _, SOURCES = PAGE.partition("## Sources")


def test_every_cell_about_another_product_names_a_source() -> None:
    rows = [line.strip("| ").split(" | ") for line in TABLE.splitlines() if line.startswith("| ")]
    header, *facts = rows

    assert {len(row) for row in rows[1:]} == {len(header) + 1}
    without = [
        f"{row[0]}: {cell}"
        for row in facts
        for cell in row[2:]
        if not re.search(r"\[(\d+|\*|clients)\]", cell)
    ]
    assert without == []


def test_every_source_exists_and_is_used() -> None:
    named = set(re.findall(r"\[(\d+|\*)\]", TABLE))
    given = set(re.findall(r"^- (\d+|\\\*)", SOURCES, re.MULTILINE))

    assert named == {each.removeprefix("\\") for each in given}
