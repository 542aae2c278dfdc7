"""The client guide's tables of statuses and codes match the code."""

import re
from typing import get_args

from chalicelib import errors
from chalicelib.errors import ClientError, Code
from chalicelib.protocol.messages import EndReason
from tests.conformance.schema import STATUS_OF_CODE
from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs" / "use" / "client-guide.md").read_text()


def rows(header: str) -> dict[int, str]:
    """Return the rows of the table with this header, by the status that each begins with."""
    table = PAGE.partition(header)[2].partition("\n\n")[0]
    return {
        int(row[1]): row[2] for row in re.finditer(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE)
    }


def test_the_guide_has_every_code_with_its_status() -> None:
    documented = {
        code: status
        for status, text in rows("| status | `code` |").items()
        for code in re.findall(r"`([A-Z_]+)`", text)
    }

    assert documented == STATUS_OF_CODE
    assert documented.keys() == {code.value for code in Code}


def test_the_guide_has_every_status_of_a_refused_handshake() -> None:
    ours = {
        each.status
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, ClientError)
    }
    in_messages_only = {409, 413}  # a new socket is in no session, and a URL has no payload

    assert rows("| status | when |").keys() == {101} | ours - in_messages_only


def test_the_guide_has_every_reason_of_an_end() -> None:
    end = PAGE.partition("`sessionEnded` has a `reason`")[2].partition(". ")[0]
    assert set(re.findall(r"`(\w+)`", end)) == set(get_args(EndReason))
