"""docs/use/asyncapi.yaml: what the code says, complete, and valid for the official parser."""

import json
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
import yaml

from chalicelib.protocol.codec import Envelope, decode_request
from chalicelib.protocol.messages import Message
from chalicelib.protocol.requests import ACTIONS
from tests.schemas import check_said, check_sent
from tools import protocol_page
from tools.asyncapi import TARGET, text
from tools.protocol_examples import MESSAGES, REQUESTS

PARSER = Path(__file__).parent / "parser"


def test_the_document_is_what_the_code_says() -> None:
    assert TARGET.read_text() == text(), "run: make docs"


def test_the_page_shows_the_document() -> None:
    assert protocol_page.TARGET.read_text() == protocol_page.page(), "run: make docs"


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_an_example_that_is_valid_in_code_and_document(action: str) -> None:
    frame = {"action": action, **REQUESTS[action]}

    decode_request(Envelope(action=action), json.dumps(frame).encode())
    check_sent(frame)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_example_of_a_message_is_valid(message: Message) -> None:
    check_said(json.loads(msgspec.json.encode(message)))


def test_every_message_has_an_example() -> None:
    messages = yaml.safe_load(TARGET.read_text())["components"]["messages"]

    assert [name for name, message in messages.items() if "examples" not in message] == []


@pytest.mark.nightly
def test_the_specifications_own_parser_takes_it() -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    if not (PARSER / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--silent"], cwd=PARSER, check=True)

    parsed = subprocess.run(
        ["node", "validate.mjs", str(TARGET)],
        cwd=PARSER,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (parsed.returncode, parsed.stdout) == (0, "")
