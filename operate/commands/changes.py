"""Commands that change something: sessions, tenants, users."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.progress import track

from operate import screen
from operate.commands.app import AsJson, SessionName, Yes, api_of, app
from operate.failures import Refused, WrongUsage


@app.command()
def broadcast(
    context: typer.Context,
    session_id: SessionName,
    text: Annotated[
        str | None, typer.Argument(help='Sent as {"text": TEXT}; - reads it from stdin.')
    ] = None,
    data: Annotated[str | None, typer.Option(help="Any JSON, instead of TEXT.")] = None,
    language: Annotated[str | None, typer.Option(help="Only to listeners of one language.")] = None,
    as_json: AsJson = False,
) -> None:
    """Broadcast to a session's listeners."""
    accepted = api_of(context).broadcast(session_id, _data(text, data), language)
    if as_json:
        screen.print_json(accepted)
    else:
        screen.print_text(
            f"sent as number {accepted['seq']} of stream {accepted['stream']}"
            f" to {accepted['recipients']} listeners"
        )


@app.command()
def tell(
    context: typer.Context,
    tenant: Annotated[str, typer.Argument(help="The tenant's id.")],
    text: Annotated[
        str | None, typer.Argument(help='Sent as {"text": TEXT}; - reads it from stdin.')
    ] = None,
    data: Annotated[str | None, typer.Option(help="Any JSON, instead of TEXT.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send a message to every connection of a tenant."""
    sent = api_of(context).tell(tenant, _data(text, data))
    if as_json:
        screen.print_json(sent)
    else:
        screen.print_text(f"sent to {sent['recipients']} connections of {tenant}")


@app.command()
def end(
    context: typer.Context,
    session_ids: Annotated[list[str], typer.Argument(metavar="SESSION...")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """End sessions. All participants are told."""
    _confirm(f"End {', '.join(session_ids)}?", yes)
    api, failed = api_of(context), None
    for session_id in track(
        session_ids, "Ending", console=screen.err, disable=len(session_ids) == 1
    ):
        try:
            ended = api.end(session_id)
        except Refused as refusal:  # the others still end
            screen.print_failure(refusal)
            failed = refusal
            continue
        if as_json:
            screen.print_json(ended)
        else:
            screen.print_text(f"{session_id} has ended: {ended['endReason']}")
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
    """Close a user's connections and refuse their tokens."""
    _confirm(f"Remove {user} of {tenant}?", yes)
    with screen.err.status("Checking the tenant's connections"):
        removed = api_of(context).remove(tenant, user)
    if as_json:
        screen.print_json(removed)
        return
    screen.print_text(
        f"closed {removed['connections']} connections of {user};"
        f" tokens issued until now are refused until {screen.time_of(removed['refusedUntil'])}"
    )
    if not removed["complete"]:
        screen.print_text("more connections remain to be checked: a job continues")


def _data(text: str | None, data: str | None) -> Any:
    if (text is None) == (data is None):
        raise WrongUsage("give either TEXT or --data with JSON", "not both, not neither")
    if data is None:
        return {"text": sys.stdin.read().rstrip("\n") if text == "-" else text}
    try:
        return json.loads(data)
    except ValueError as error:
        raise WrongUsage(
            f"--data is not JSON: {error}", 'for example \'{"text": "Hola"}\''
        ) from None


def _confirm(question: str, yes: bool) -> None:
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)
    elif not yes:
        raise WrongUsage(f"{question} There is no terminal to ask", "confirm with --yes")
