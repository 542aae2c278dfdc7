"""The command-line app: the options that choose a stack, and what all commands share."""

from typing import Annotated

import typer

from operate.api import Api
from operate.target import LOCAL, Target

app = typer.Typer(
    help="Inspect and control a Lectern stack, on this machine or deployed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, one value per line.")]
SessionName = Annotated[
    str, typer.Argument(metavar="SESSION", help="A session id, such as golden-eagle-427.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


@app.callback()
def choose(
    context: typer.Context,
    url: Annotated[
        str, typer.Option(envvar="LECTERN_OPERATOR_URL", help="URL of the operator API.")
    ] = LOCAL,
    profile: Annotated[
        str | None, typer.Option(envvar="AWS_PROFILE", help="AWS profile that signs requests.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="The stack's region, if --url does not name it.")
    ] = None,
) -> None:
    """Choose the stack. These options come before the command."""
    context.obj = Api(Target(url, profile, region))


def api_of(context: typer.Context) -> Api:
    """Return the API of the chosen stack."""
    api: Api = context.obj
    return api
