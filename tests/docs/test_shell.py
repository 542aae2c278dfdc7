"""The shell blocks of the README and the pages run against a stack, or are listed with a reason."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.aws_commands import aws_commands, problems
from tests.docs.blocks import ROOT, Block, pages
from tests.docs.npm_packages import npm_packages
from tests.docs.running import SECRET, Running, Wscat, shell
from tests.docs.shell import commands, program
from tests.docs.test_blocks import ALL, kind, of
from tools.local_stack import local_stack

RUN = {
    "curl": "the README's first session, the operator API's call",
    "npx": "the README's first session",
    "cat": "the operators' policy",
    "python -c": "the token of the deployment guide",
    "python -m bench.load": "the load on a stack of yours, for seconds instead of minutes",
    "python -m operate": "the transcript",
}
"""Commands that run below, each with the test that runs it."""

NOT_RUN = {
    "aws": "needs an AWS account; its words are compared with AWS's own model of the API",
    "terraform": "needs an AWS account; tests/terraform plans it, tests/localcloud applies it",
    "git": "changes the clone",
    "make": "runs all of this, or takes minutes; `make --dry-run` checks the targets",
    "python -m tests.conformance": "is tests/conformance, which runs by itself",
}
"""Commands that do not run, each with the reason."""

SHELL = of("shell")


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with local_stack(JWT_SECRET=SECRET) as stack:
        yield Running(stack)


def name(command: str) -> str:
    """Return the name of what a command runs: a program; for Python with its module or `-c`."""
    ran = program(command)
    if not ran.startswith("python"):
        return ran
    what = re.search(r" -m ([\w.]+)| -(c)", command)
    assert what, command
    return f"python -m {what[1]}" if what[1] else "python -c"


def block_with(page: str, word: str) -> Block:
    """Return the one shell block of a page that has this word."""
    (found,) = [each for each in ALL if each.page == page and word in each.text]
    return found


def every_command() -> Iterator[str]:
    """Yield the commands of all blocks and transcripts."""
    for block in ALL:
        if kind(block) == "shell":
            yield from commands(block.text)
        if kind(block) == "transcript":
            yield from re.findall(r"^\$ (.+)$", block.text, re.MULTILINE)


def test_every_command_is_run_or_has_its_reason() -> None:
    assert {name(command) for command in every_command()} == (RUN | NOT_RUN).keys()


@SHELL
def test_a_shell_block_is_one(block: Block) -> None:
    text = re.sub(r"<the[^>]*>", "X", block.text)

    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


@SHELL
def test_make_knows_its_targets(block: Block) -> None:
    for command in commands(block.text):
        if name(command) == "make":
            dry_run = command.replace("make ", "make --dry-run ", 1)
            done = subprocess.run(
                ["bash", "-c", dry_run], cwd=ROOT, capture_output=True, check=False
            )
            assert done.returncode == 0, done.stderr


@SHELL
def test_terraform_has_the_outputs_that_a_block_reads(block: Block) -> None:
    outputs = (ROOT / "terraform" / "outputs.tf").read_text()
    for each in re.findall(r"output -raw (\w+)", block.text):
        assert f'output "{each}"' in outputs, each


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_aws_knows_its_commands(page: Path) -> None:
    found = list(aws_commands(page.read_text()))

    assert [problem for each in found for problem in problems(each)] == []


def test_the_readmes_first_session(running: Running) -> None:
    npm = npm_packages()
    speak = running.localized(block_with("README.md", "createSession").text)
    listen = block_with("README.md", "joinSession").text
    (frame,) = [each.text for each in ALL if kind(each) == "frame" and each.page == "README.md"]

    with Wscat(speak, npm) as speaker:
        session_id = speaker.receive()["sessionId"]
        with Wscat(running.localized(listen, session_id), npm) as listener:
            assert listener.receive()["type"] == "sessionJoined"
            speaker.send(frame)
            assert listener.receive()["data"] == json.loads(frame)["data"]


def test_the_operator_apis_call(running: Running, tmp_path: Path) -> None:
    call = block_with("docs/run/operator-api.md", "curl").text

    with running.speaker() as session_id:
        answer = json.loads(shell(running.localized(call, session_id), tmp_path))

    assert (answer["stream"], answer["seq"]) == ("es", 1)


def test_the_token_of_the_deployment_guide(running: Running) -> None:
    block = block_with("docs/run/deploy.md", "jwt.encode").text
    (make,) = [each for each in commands(block) if name(each) == "python -c"]

    token = shell(f'{running.localized(make)}; echo "$TOKEN"', JWT_SECRET=SECRET).strip()

    with running.speaker(token) as session_id:
        assert session_id


def test_the_operators_policy(tmp_path: Path) -> None:
    block = block_with("docs/run/deploy.md", "operator.json").text
    write = block[block.index("cat >") : block.rindex("aws iam")]
    arn = "arn:aws:execute-api:eu-central-1:123456789012:abc/dev/*"

    shell(f"terraform() {{ echo '{arn}'; }}\n{write}", tmp_path)

    (statement,) = json.loads((tmp_path / "operator.json").read_text())["Statement"]
    assert statement == {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}


def test_the_load_test(running: Running, tmp_path: Path) -> None:
    few = f"--url {running.url} --speakers 1 --listeners 6"
    few += f" --minutes 0.05 --settle 20 --plot {tmp_path / 'load.png'}"
    command = block_with("bench/README.md", "bench.load").text

    shell(f"{running.localized(command)} {few}", JWT_SECRET=SECRET)

    assert (tmp_path / "load.png").is_file()


@of("transcript")
def test_the_transcript(running: Running, block: Block, tmp_path: Path) -> None:
    names = re.findall(r"^(\w+-\w+-\d{3}) ", block.text, re.MULTILINE)[:3]
    rooms = [{"de": 3, "es": 3, "fr": 3, "pt-BR": 3}, {"es": 2, "de": 1, "fr": 1, "pt-BR": 1}]
    rooms.append({"es": 1, "fr": 1})
    environ = {"LECTERN_OPERATOR_URL": running.operator, "COLUMNS": "140"}

    running.settle()
    with ExitStack() as sockets:
        ours = [sockets.enter_context(running.speaker()) for _ in rooms]
        for session_id, languages in zip(ours, rooms, strict=True):
            for language, count in languages.items():
                for number in range(count):
                    is_dora = (session_id, number) == (ours[0], 0) and language != "de"
                    user = "dora" if is_dora else None
                    sockets.enter_context(running.listener(session_id, language, user))
        for shown in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, output = shown.strip().partition("\n")
            for theirs, mine in zip(names, ours, strict=True):
                command, output = command.replace(theirs, mine), output.replace(theirs, mine)
            command = running.localized(command.replace("watch", "watch --times 1"))
            errors = tmp_path / "errors"  # progress goes there too, and vanishes from a terminal
            printed = shell(f"{command} 2>{errors} || cat {errors}", ROOT, **environ)
            assert _timeless(printed) == _timeless(output), command


def _timeless(text: str) -> list[str]:
    """Return the lines without what changes: times, rates, widths of columns."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "THEN", text)
    text = re.sub(r"\d\d:\d\d:\d\d UTC, read in [\d.]+ s", "NOW", text)
    text = re.sub(r"\S+ joins/min +\S+ broadcasts/min +NOW", "RATES NOW", text)
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]
    rows = [re.sub(r"^(\w+-\w+-\d{3} \w+ .*?) \S+ \S+$", r"\1", line) for line in lines]
    return sorted(line for line in rows if line)
