"""Commands that only read: sessions, connections, rates, health."""

import time
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer
from rich.live import Live

from operate import rates, screen
from operate.api import Api
from operate.commands.app import AsJson, SessionName, api_of, app
from operate.failures import Failure, WrongUsage


@app.command()
def sessions(
    context: typer.Context,
    tenant: Annotated[
        str | None, typer.Option(help="Only sessions of one tenant, newest first.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="With --tenant: include ended sessions.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of sessions.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """List sessions: the active ones, or a tenant's."""
    if everything and tenant is None:
        raise WrongUsage("--all needs --tenant", "ended sessions are listed by tenant")
    found = api_of(context).sessions(tenant, active=not everything)
    with screen.err.status("Reading sessions"):
        listed = list(islice(found, limit))
    if as_json:
        for each in listed:
            screen.print_json(each)
    else:
        screen.out.print(screen.session_table(listed) if listed else "no sessions")


@app.command()
def session(
    context: typer.Context,
    session_id: SessionName,
    limit: Annotated[
        int, typer.Option("--connections", "-n", min=0, help="Maximum number of connections.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Show one session and its connections."""
    api = api_of(context)
    found = api.session(session_id)
    with screen.err.status("Reading connections"):
        listed = list(islice(api.connections(session_id), limit)) if limit else []
    if as_json:
        screen.print_json({**found, "connections": listed})
        return
    screen.out.print(screen.session_details(found))
    if listed:
        screen.out.print()
        screen.out.print(screen.connection_table(listed))


@app.command()
def watch(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="Only sessions of one tenant.")] = None,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between updates.")] = 2.0,
    times: Annotated[int | None, typer.Option(min=1, help="Stop after this many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Watch sessions, listeners by language and rates, until Ctrl-C."""
    snapshots = _snapshots(api_of(context), tenant, interval, times)
    if as_json:
        for snapshot, took in snapshots:
            screen.print_json({**snapshot.plain(), "seconds": round(took, 3)})
        return
    with Live(console=screen.out, auto_refresh=False) as live:
        for snapshot, took in snapshots:
            live.update(screen.watch_screen(snapshot, took, screen.out.height), refresh=True)


@app.command()
def health(context: typer.Context, as_json: AsJson = False) -> None:
    """Show whether tables, queue and management API can be reached; exit code 1 if not."""
    found = api_of(context).health()
    if as_json:
        screen.print_json(found)
    else:
        screen.out.print(screen.health_table(found))
    if not found["ok"]:
        raise typer.Exit(Failure.exit_code)


def _snapshots(
    api: Api, tenant: str | None, interval: float, times: int | None
) -> Iterator[tuple[rates.Snapshot, float]]:
    """Yield a snapshot at every interval, and the seconds it took to read."""
    before, count = None, 0
    while times is None or count < times:
        started = time.monotonic()
        snapshot = rates.snapshot(list(api.sessions(tenant)), started, before)
        took = time.monotonic() - started
        yield snapshot, took
        before, count = snapshot, count + 1
        if count != times:
            time.sleep(max(0.0, interval - took))
