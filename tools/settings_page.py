"""Make `docs/run/settings.md` from `chalicelib/settings.py`: each variable, default and meaning."""

from pathlib import Path

from chalicelib.settings import VARIABLES, Variable

TARGET = Path(__file__).parent.parent / "docs" / "run" / "settings.md"

_INTRODUCTION = """\
# Settings

Every setting is an environment variable. For a deployed stack Terraform sets them (`var.settings`,
and the names and URLs of the resources that it creates). On one machine `make run` sets them, with
higher rate limits. If a value is missing or malformed, the process stops at start, and the error
names each such setting.

`python -m tools.settings_page` generates this page from `chalicelib/settings.py`.

| variable | default | at least | meaning |
|---|---|---|---|
"""

_NOTES = """
`RESUME_TOKEN_SECRET` is required, and one of `JWT_SECRET` and `JWT_JWKS_URL`. Secrets have at least
32 characters; on AWS they come from Secrets Manager or SSM, never from the zip.
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
