"""The READMEs of the Terraform say what its variables and outputs are."""

from pathlib import Path

import pytest

from tools.package import ROOT
from tools.terraform_docs import readmes, rendered


@pytest.mark.parametrize("readme", readmes(), ids=lambda path: path.parent.name)
def test_the_tables_are_those_of_the_files(readme: Path) -> None:
    assert readme.read_text() == rendered(readme), "run `make docs`"


def test_the_root_and_every_module_have_one() -> None:
    modules = [path.name for path in (ROOT / "terraform" / "modules").iterdir()]

    assert {readme.parent.name for readme in readmes()} == {"terraform", *modules}
