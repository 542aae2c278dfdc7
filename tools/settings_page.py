"""Makes `docs/settings.md` from `chalicelib/settings.py`: every variable, its default and meaning.

python -m tools.settings_page            writes it
python -m tools.settings_page --check    exits 1 if the page is not what the code says
"""

import argparse
import sys
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from chalicelib.settings import Settings

TARGET = Path(__file__).parent.parent / "docs" / "settings.md"

_INTRODUCTION = """\
# Settings

Every setting is an environment variable. Terraform sets those of a deployed stack
(`var.settings`, and the names and addresses of what it creates); `make run` sets those of the
stack on one machine, where the rate limits are raised. A value that is missing or malformed stops
the process as it starts, and the message names each of them.

This page is made from `chalicelib/settings.py` by `python -m tools.settings_page`.

| variable | default | at least | meaning |
|---|---|---|---|
"""

_NOTES = """
`RESUME_TOKEN_SECRET` is required, and so is one of `JWT_SECRET` and `JWT_JWKS_URL`. Secrets have
32 characters or more; on AWS they come from Secrets Manager or SSM, never from the zip.
"""


def text() -> str:
    """The whole page."""
    return _INTRODUCTION + "".join(_row(each) for each in fields(Settings)) + _NOTES


def _row(setting: Field[Any]) -> str:
    known = setting.metadata
    default = "" if setting.default in ("", ()) else f"`{setting.default}`"
    least = "" if known["least"] is None else str(known["least"])
    meaning = known["meaning"] + (" (secret)" if known["secret"] else "")
    return f"| `{known['variable']}` | {default} | {least} | {meaning} |\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say if it is old")
    if parser.parse_args().check:
        return int(TARGET.read_text(encoding="utf-8") != text())
    TARGET.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
