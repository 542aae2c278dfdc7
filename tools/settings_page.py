"""Makes `docs/settings.md` from `chalicelib/settings.py`: each variable, default and meaning."""

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


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
