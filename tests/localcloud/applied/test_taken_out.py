"""The applied stack misses any part that is removed from the Terraform.

Each test edits a copy, applies it to the running account, and sees the pass over everything fail
where that thing is needed. A few run always, all of them in `make test-nightly`.
"""

import asyncio
import traceback

import pytest

from tests.conformance import raw
from tests.conformance.raw import Refused
from tests.localcloud.applied.cases import CASES, Case
from tests.localcloud.applied.cloud import LocalCloud
from tests.localcloud.applied.everything import everything_works

PATIENCE = 8.0
"""Seconds: generous for what is there, short to wait for what is not."""


def _parameters() -> list[object]:
    return [
        pytest.param(case, id=name, marks=() if case.always else pytest.mark.nightly)
        for name, case in CASES.items()
    ]


@pytest.mark.parametrize("case", _parameters())
async def test_a_part_that_is_removed_is_missed(
    editable: LocalCloud, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    await asyncio.to_thread(editable.edited, case.edit, redeployed=case.redeployed)
    monkeypatch.setattr(raw, "PATIENCE", PATIENCE)

    failed_in = await first_failure(editable)

    assert failed_in == case.missed


async def first_failure(cloud: LocalCloud) -> str | None:
    """Return the step of `everything_works` that fails; None if none does."""
    stack = cloud.stack()
    try:
        await everything_works(stack)
    except (AssertionError, KeyError, Refused) as failure:
        frames = traceback.extract_tb(failure.__traceback__)
        return [each.name for each in frames if each.filename.endswith("everything.py")][1]
    finally:
        for client in stack.clients:
            await client.close()
    return None
