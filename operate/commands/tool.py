"""The tool itself: which stack is meant, and what all commands have in common."""

from typing import Annotated

import typer

from operate.api import Api
from operate.target import LOCAL, Target

app = typer.Typer(
    help="See and steer a Lectern stack, on this machine or deployed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, one value a line.")]
SessionName = Annotated[str, typer.Argument(metavar="SESSION", help="Such as golden-eagle-427.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


@app.callback()
def choose(
    context: typer.Context,
    url: Annotated[
        str, typer.Option(envvar="LECTERN_OPERATOR_URL", help="Address of the operator API.")
    ] = LOCAL,
    profile: Annotated[
        str | None, typer.Option(envvar="AWS_PROFILE", help="AWS profile that signs requests.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="The stack's region, where --url does not say it.")
    ] = None,
) -> None:
    """Which stack is meant: options that come before the command."""
    context.obj = Api(Target(url, profile, region))


def api_of(context: typer.Context) -> Api:
    """The API of the stack that was chosen."""
    api: Api = context.obj
    return api
