"""What is done to sessions, tenants and users."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.progress import track

from operate import screen
from operate.commands.tool import AsJson, SessionName, Yes, api_of, app
from operate.failures import Refused, WrongUsage


@app.command()
def broadcast(
    context: typer.Context,
    session_id: SessionName,
    text: Annotated[
        str | None, typer.Argument(help='Said as {"text": TEXT}; - reads it from stdin.')
    ] = None,
    data: Annotated[str | None, typer.Option(help="Any JSON, instead of TEXT.")] = None,
    language: Annotated[str | None, typer.Option(help="To listeners of one language.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say something to a session's listeners."""
    said = api_of(context).broadcast(session_id, _data(text, data), language)
    if as_json:
        screen.print_json(said)
    else:
        screen.say(
            f"said as number {said['seq']} of {said['stream']}, to {said['recipients']} listeners"
        )


@app.command()
def tell(
    context: typer.Context,
    tenant: Annotated[str, typer.Argument(help="The tenant's id.")],
    text: Annotated[
        str | None, typer.Argument(help='Said as {"text": TEXT}; - reads it from stdin.')
    ] = None,
    data: Annotated[str | None, typer.Option(help="Any JSON, instead of TEXT.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say something to every connection of a tenant."""
    told = api_of(context).tell(tenant, _data(text, data))
    if as_json:
        screen.print_json(told)
    else:
        screen.say(f"told {told['recipients']} connections of {tenant}")


@app.command()
def end(
    context: typer.Context,
    session_ids: Annotated[list[str], typer.Argument(metavar="SESSION...")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """End sessions; everybody in them is told."""
    _confirm(f"End {', '.join(session_ids)}?", yes)
    api, failed = api_of(context), None
    for session_id in track(
        session_ids, "Ending", console=screen.err, disable=len(session_ids) == 1
    ):
        try:
            ended = api.end(session_id)
        except Refused as refusal:  # the others are to end all the same
            screen.complain(refusal)
            failed = refusal
            continue
        if as_json:
            screen.print_json(ended)
        else:
            screen.say(f"{session_id} has ended: {ended['endReason']}")
    if failed is not None:
        raise typer.Exit(failed.exit_code)


@app.command()
def kick(
    context: typer.Context,
    user: Annotated[str, typer.Argument(help="The user's id, the `sub` of their tokens.")],
    tenant: Annotated[str, typer.Option(help="The user's tenant.")] = "default",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Close a user's connections and refuse the tokens they have."""
    _confirm(f"Remove {user} of {tenant}?", yes)
    with screen.err.status("Looking through the tenant's connections"):
        removed = api_of(context).remove(tenant, user)
    if as_json:
        screen.print_json(removed)
        return
    screen.say(
        f"closed {removed['connections']} connections of {user};"
        f" tokens issued until now are refused until {screen.time_of(removed['refusedUntil'])}"
    )
    if not removed["complete"]:
        screen.say("there are more to look through: a job goes on with them")


def _data(text: str | None, data: str | None) -> Any:
    if (text is None) == (data is None):
        raise WrongUsage("say what: TEXT, or --data with JSON", "not both")
    if data is None:
        return {"text": sys.stdin.read().rstrip("\n") if text == "-" else text}
    try:
        return json.loads(data)
    except ValueError as error:
        raise WrongUsage(f"--data is not JSON: {error}", 'such as \'{"text": "Hola"}\'') from None


def _confirm(question: str, yes: bool) -> None:
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)
    elif not yes:
        raise WrongUsage(f"{question} Nobody is there to ask", "confirm with --yes")
