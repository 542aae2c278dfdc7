"""Make `docs/run/settings.md` from `chalicelib/settings.py`: each variable, default and meaning."""

from pathlib import Path

from chalicelib.settings import VARIABLES, Variable

TARGET = Path(__file__).parent.parent / "docs" / "run" / "settings.md"

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
    """Return the whole page."""
    return _INTRODUCTION + "".join(map(_row, VARIABLES.values())) + _NOTES


def _row(variable: Variable) -> str:
    default = "" if variable.default in ("", ()) else f"`{variable.default}`"
    least = "" if variable.minimum is None else str(variable.minimum)
    meaning = variable.meaning + (" (secret)" if variable.secret else "")
    return f"| `{variable.name}` | {default} | {least} | {meaning} |\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
