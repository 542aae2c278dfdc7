"""The command that follows the structured log, of one session or of all."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from operate import screen, tail_local
from operate.api import Api
from operate.commands.app import AsJson, api_of, app
from operate.failures import Refused, WrongUsage
from operate.loglines import LEVELS, LineFilter, format_line
from operate.tail_cloudwatch import CloudWatchLog


@app.command()
def tail(
    context: typer.Context,
    session_id: Annotated[
        str | None, typer.Option("--session", "-s", help="Only of one session and its connections.")
    ] = None,
    level: Annotated[str, typer.Option(help=f"Minimum level: {', '.join(LEVELS)}.")] = "DEBUG",
    since: Annotated[int, typer.Option(min=0, help="Deployed: begin this many minutes ago.")] = 10,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", "-f", help="Deployed: continue until Ctrl-C.")
    ] = True,
    stack: Annotated[
        str | None, typer.Option(help="Deployed: app and stage, such as lectern-dev.")
    ] = None,
    sandbox: Annotated[
        str, typer.Option(help="On this machine: URL of the sandbox.")
    ] = tail_local.SANDBOX,
    as_json: AsJson = False,
) -> None:
    """Follow the structured log; of a deployed stack, begin some minutes ago."""
    if level.upper() not in LEVELS:
        raise WrongUsage(f"{level} is not a level", f"one of {', '.join(LEVELS)}")
    api = api_of(context)
    line_filter = _line_filter(api, level.upper(), session_id)
    if api.target.is_local:
        found = tail_local.lines(sandbox)
    else:
        found = _cloudwatch(api, line_filter, stack, since, follow=follow)
    for line in filter(line_filter.matches, found):
        if as_json:
            screen.print_json(line)
        else:
            screen.out.print(format_line(line), soft_wrap=True)


def _line_filter(api: Api, level: str, session_id: str | None) -> LineFilter:
    """Return the filter, with the hashes of a session's connections: most lines have only those."""
    if session_id is None:
        return LineFilter(level)
    try:
        connected = frozenset(each["connection"] for each in api.connections(session_id))
    except Refused:
        connected = frozenset()
    return LineFilter(level, session_id, connected)


def _cloudwatch(
    api: Api, line_filter: LineFilter, stack: str | None, minutes: int, *, follow: bool
) -> Iterator[Any]:
    log = CloudWatchLog(api.target.session, stack or f"lectern-{api.target.stage}")
    with screen.err.status("Reading logs") as status:
        lines = log.lines(
            line_filter,
            time.time() - minutes * 60,
            follow=follow,
            on_group=lambda group: status.update(f"Reading the log of {group}"),
        )
        for line in lines:
            status.stop()
            yield line
