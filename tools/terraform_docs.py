"""`make docs`: write the tables of variables and outputs in Terraform's READMEs from the HCL.

Each README.md under `terraform/` has a line MARK; everything below it is generated.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import hcl2
from hcl2.utils import SerializationOptions

from tools.package import ROOT

MARK = "<!-- Below this line: made by `make docs` from variables.tf and outputs.tf. -->"


def main() -> None:
    """Rewrite every README."""
    for readme in readmes():
        readme.write_text(rendered(readme))


def readmes() -> list[Path]:
    """Return the READMEs of the root and of every module."""
    return sorted((ROOT / "terraform").glob("**/README.md"))


def rendered(readme: Path) -> str:
    """Return the content of `readme`: the handwritten part, then the tables."""
    words = readme.read_text().partition(MARK)[0]
    return words + "\n".join([MARK, "", *_tables(readme.parent), ""])


def _tables(folder: Path) -> Iterator[str]:
    yield from ("## Variables", "", "| name | type | default | |", "|---|---|---|---|")
    for name, block in _blocks(folder / "variables.tf", "variable"):
        default = f"`{_flat(block['default'])}`" if "default" in block else "required"
        kind = f"`{_short(_flat(block['type']))}`"
        yield f"| `{name}` | {kind} | {default} | {_text(block['description'])} |"
    yield from ("", "## Outputs", "", "| name | |", "|---|---|")
    for name, block in _blocks(folder / "outputs.tf", "output"):
        yield f"| `{name}` | {_text(block['description'])} |"


def _blocks(file: Path, kind: str) -> list[tuple[str, dict[str, object]]]:
    options = SerializationOptions(
        strip_string_quotes=True, explicit_blocks=False, with_comments=False
    )
    content = hcl2.loads(file.read_text(), serialization_options=options)
    return [item for block in content[kind] for item in block.items()]


def _flat(value: object) -> str:
    """Return an HCL value on one line, as one would write it; references without `${}`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict) and not value:
        return "{}"
    return " ".join(re.sub(r"^\$\{(.*)\}$", r"\1", str(value), flags=re.DOTALL).split())


def _short(kind: str) -> str:
    """Return the type of an object without its attributes, which are in variables.tf."""
    return re.sub(r"object\(.*\)", "object", kind)


def _text(description: object) -> str:
    return str(description).replace("|", "\\|")


if __name__ == "__main__":
    main()
