"""Every code block of the README and the pages is run, checked, or listed here with a reason."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import hcl2
import pytest

from tests.docs.blocks import ROOT, Block, blocks, pages
from tests.schemas import check_sent
from tests.stack import Stack
from tools.asyncapi import document

ELSEWHERE = {
    "docs/use/integration.md": "test_integration.py",
    "clients/python/README.md": "test_clients.py",
    "clients/js/README.md": "test_clients.py",
}
"""Pages whose code another file of this folder runs."""

ALL = blocks()


def kind(block: Block) -> str:
    """Return the kind of a block. An unknown kind fails the test below."""
    if block.page in ELSEWHERE:
        return "elsewhere"
    if block.language:
        return block.language
    begins = {
        "frame": r'\{"action"',
        "message": r'\{"type"',
        "url": r"wss://",
        "transcript": r"\$ ",
        "query": r"# .*\nfilter ",
        "hcl": r"(terraform \{|\w+ += )",
    }
    found = [name for name, pattern in begins.items() if re.match(pattern, block.text)]
    return found[0] if found else "shell"


def of(name: str) -> pytest.MarkDecorator:
    found = [block for block in ALL if kind(block) == name]
    return pytest.mark.parametrize("block", found, ids=lambda block: block.name)


def test_every_block_has_a_kind_that_something_checks() -> None:
    known = {
        "elsewhere",
        "frame",
        "message",
        "url",
        "query",
        "hcl",
        "shell",
        "python",
        "mermaid",
        "transcript",
    }

    assert {block.name: kind(block) for block in ALL if kind(block) not in known} == {}
    assert {page for page in ELSEWHERE if page in {block.page for block in ALL}} == set(ELSEWHERE)
    for file in set(ELSEWHERE.values()):
        assert (Path(__file__).parent / file).is_file()


@of("frame")
def test_a_frame_is_one_of_the_protocol(block: Block) -> None:
    check_sent(json.loads(block.text))


@of("message")
def test_a_message_has_fields_of_its_type(block: Block) -> None:
    message = json.loads(block.text.replace("{…}", "{}").replace(":…", ":0"))
    components = document()["components"]

    schema = components["schemas"][message["type"]]

    assert message.keys() <= schema["properties"].keys()
    assert set(schema["required"]) <= message.keys()


@of("url")
def test_a_url_has_parameters_of_the_handshake(block: Block) -> None:
    queries = re.findall(r"^wss?://\S+\?(\S+)", block.text, re.MULTILINE)

    assert queries
    assert {name for each in queries for name in parse_qs(each)} <= {"role", "token", "action"}


@of("python")
def test_python_of_the_guide_is_a_test_that_passes_or_part_of_the_example(
    block: Block, stack: Stack
) -> None:
    if "def test_a_listener_is_counted" not in block.text:
        assert block.page == "CONTRIBUTING.md"  # compared with the example by test_guide.py
        return
    names: dict[str, Any] = {"Stack": Stack}
    exec(compile(block.text, block.name, "exec"), names)  # noqa: S102 - it is our own page
    names["test_a_listener_is_counted"](stack)


@of("hcl")
def test_hcl_can_be_parsed(block: Block) -> None:
    assert hcl2.loads(block.text + "\n")


@of("query")
def test_a_query_names_events_that_the_code_logs(block: Block) -> None:
    code = "".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    events = re.findall(r'event (?:=|in) (\[[^\]]*\]|"\w+")', block.text)

    named = [name for each in events for name in re.findall(r'"(\w+)"', each)]
    assert named
    assert [name for name in named if f'"{name}"' not in code] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    pending = [ROOT / "README.md"]
    while pending:
        page = pending.pop()
        if page in reached:
            continue
        reached.add(page)
        if page.suffix == ".md":
            text = page.read_text()
            images = re.findall(r'src="([^":]+)"', text)
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text) + images:
                linked = (page.parent / target).resolve()
                linked = linked / "README.md" if linked.is_dir() else linked
                assert linked.exists(), f"{page.name} leads to {target}"
                pending.append(linked)
    every = {path for path in (ROOT / "docs").rglob("*") if path.suffix in (".md", ".html")}
    assert {str(path.relative_to(ROOT)) for path in every - reached} == set()


def test_every_page_that_the_code_names_exists() -> None:
    folders = ("chalicelib", "localcloud", "operate", "sandbox", "tests", "tools", "bench")
    files = [path for folder in folders for path in (ROOT / folder).glob("**/*.py")]
    files += (ROOT / "terraform").glob("*.tf")
    named = {
        page
        for path in files
        if "node_modules" not in path.parts
        for page in re.findall(r"docs/[\w/-]+\.(?:md|html|yaml|patch)", path.read_text())
    }

    assert len(named) > 5
    assert {page for page in named if not (ROOT / page).is_file()} == set()


def test_every_heading_that_a_link_names_exists() -> None:
    for page in pages():
        for target, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
            text = ((page.parent / target) if target else page).read_text()
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
            assert heading in anchors, f"{page.name} leads to {target}#{heading}"
