"""One apply for a whole run; `tests/scheduling.py` keeps what looks at it on one worker."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.conformance.conftest import looked_over
from tests.conformance.stack import Stack
from tests.localcloud.applied.cloud import LocalCloud

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test here time for the apply, and skip all where there is no Terraform.

    Tests that edit the Terraform run last: one after them that needs it as it is written would
    have to apply it again.
    """
    here = [item for item in items if HERE in item.path.parents]
    skip = pytest.mark.skip(reason="no terraform on this machine: it is not a Python package")
    for item in here:
        item.add_marker(pytest.mark.timeout(600))
        if shutil.which("terraform") is None:
            item.add_marker(skip)
    items.sort(key=_edits)


def _edits(item: pytest.Item) -> tuple[bool, bool]:
    fixtures = item.fixturenames if isinstance(item, pytest.Function) else []
    return "editable" in fixtures, "as_written" not in fixtures


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory, packaged_app: Path) -> Iterator[LocalCloud]:
    """The project, packaged and applied; destroyed at the end, when nothing may be left.

    That takes half a minute: it happens as soon as no test needs it, not when all others are done.
    """
    pytest.importorskip("awslambdaric")  # there are wheels for Linux only
    made = LocalCloud(tmp_path_factory.mktemp("cloud") / "local", packaged_app)
    yield made
    made.close()


@pytest.fixture
def as_written(cloud: LocalCloud) -> LocalCloud:
    """The same with the project's own Terraform applied, whatever a test before has edited."""
    cloud.as_written()
    return cloud


@pytest.fixture
def editable(cloud: LocalCloud) -> LocalCloud:
    """The same for a test that edits the Terraform."""
    return cloud


@pytest.fixture
async def stack(as_written: LocalCloud) -> AsyncIterator[Stack]:
    """The applied stack; what the test opened is closed and looked over after it."""
    async with looked_over(as_written.stack()) as stack:
        yield stack
