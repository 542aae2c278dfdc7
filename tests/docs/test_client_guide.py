"""The tables of statuses and codes in the client guide and the protocol match the code."""

import re
from typing import get_args

import pytest

from chalicelib import errors
from chalicelib.errors import ClientError, Code
from chalicelib.protocol.messages import EndReason
from tests.conformance.schema import STATUS_OF_CODE
from tests.docs.blocks import ROOT

GUIDE = (ROOT / "docs" / "use" / "client-guide.md").read_text()
PROTOCOL = (ROOT / "docs" / "use" / "protocol.md").read_text()

both = pytest.mark.parametrize("page", [GUIDE, PROTOCOL], ids=["guide", "protocol"])


def rows(page: str, header: str) -> dict[int, str]:
    """Return the rows of the table with this header, by the status that each begins with."""
    table = page.partition(header)[2].partition("\n\n")[0]
    return {
        int(row[1]): row[2] for row in re.finditer(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE)
    }


@both
def test_the_pages_have_every_code_with_its_status(page: str) -> None:
    documented = {
        code: status
        for status, text in rows(page.replace("`code`", "code"), "| status | code |").items()
        for code in re.findall(r"`([A-Z_]+)`", text)
    }

    assert documented == STATUS_OF_CODE
    assert documented.keys() == {code.value for code in Code}


@both
def test_the_pages_have_every_status_of_a_refused_handshake(page: str) -> None:
    ours = {
        each.status
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, ClientError)
    }
    in_messages_only = {409, 413}  # a new socket is in no session, and a URL has no payload

    assert rows(page, "| status | when |").keys() == {101} | ours - in_messages_only


def test_the_guide_has_every_reason_of_an_end() -> None:
    end = GUIDE.partition("`sessionEnded` has a `reason`")[2].partition(". ")[0]
    assert set(re.findall(r"`(\w+)`", end)) == set(get_args(EndReason))
