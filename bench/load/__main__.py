"""Put load on any stack, and report the result.

    python -m bench.load --url wss://….execute-api.eu-central-1.amazonaws.com/dev --speakers 2 \\
      --listeners 200 --minutes 5 --drops 2          # JWT_SECRET in the environment signs tokens
    python -m bench.load --here --listeners 200 --minutes 1 --drops 2 --faults 1
    python -m bench.load --here --physics aws --listeners 600 --ramp 100 --together 2

Speakers broadcast; listeners listen in six languages and send heartbeats; some drop off the network
and reconnect, some refresh. The report says how long joins, replies and deliveries took, what was
lost, duplicated or refused, and whether the counts are exact, with a picture
(`artifacts/load.png`). Exits with 1 if anything was lost, delivered twice to the application,
miscounted or answered with 5xx, or if the memory of a stack started with --here kept growing over
five minutes or more.

A stack limits attempts by address: raise RATE_LIMIT_CONNECTS_PER_MINUTE and
RATE_LIMIT_JOINS_PER_MINUTE of the stack under test. AWS charges for its sockets.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import jwt

from bench.harness import save
from bench.load import plot
from bench.load.faulty_stack import FaultyStack, faulty_stack
from bench.load.run import Plan, Run, Token
from bench.load.score import Score
from bench.load.screen import show

_HOURS = 8


def main() -> int:
    """Run the test; return 0 if all is well."""
    options = _options()
    _as_many_sockets_as_allowed()
    score = Score()
    with _stack(options) as own:
        if own:
            own.change_physics(options.physics)
        plan = _plan(options, own.url if own else options.url)
        asyncio.run(_play(Run(plan, _token(plan.url), score), own, options.faults))
    title = _title(options, plan)
    sys.stdout.write("\n".join([f"## {title}", "", *score.lines(), ""]))
    plot.save(score, title, options.plot)
    sys.stdout.write(f"- picture: {options.plot}\n")
    if options.save:
        save(score.reports(title), "load")
    return 0 if score.is_good else 1


def _title(options: argparse.Namespace, plan: Plan) -> str:
    parts = [
        f"{plan.speakers} speakers",
        f"{plan.listeners:,} listeners that join {plan.ramp:g} a second",
        f"{plan.minutes:g} minutes",
        f"{plan.drops:g} % drops a minute",
        f"{options.faults:g} % faults",
    ]
    if plan.together:
        parts.append(f"all drop at once {plan.together} times")
    if options.physics != "off":
        parts.append(f"physics: {options.physics}")
    return ", ".join(parts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--url", help="WebSocket URL of the stack")
    where.add_argument("--here", action="store_true", help="start a stack on this machine")
    add = parser.add_argument
    add("--speakers", type=int, default=1, help="number of speakers, each with its own session (1)")
    add("--listeners", type=int, default=100, help="number of listeners, over all sessions (100)")
    add("--minutes", type=float, default=1, help="minutes of talking, once all have joined (1)")
    add("--drops", type=float, default=0, help="percent of the listeners that drop, each minute")
    add(
        "--refreshes",
        type=float,
        default=0,
        help="percent of the listeners that refresh, each minute",
    )
    add("--faults", type=float, default=0, help="with --here: percent of calls that fail")
    add(
        "--physics", default="off", help="with --here: the profile of /_sandbox/physics, aws or off"
    )
    add("--together", type=int, default=0, help="times that all listeners drop at once (0)")
    add("--every", type=float, default=5, help="seconds between a speaker's broadcasts (5)")
    add("--size", type=int, default=200, help="characters of a broadcast (200)")
    add("--ramp", type=float, default=50, help="joins a second (50)")
    add("--settle", type=float, default=150, help="seconds to wait for recovery at the end (150)")
    add("--plot", type=Path, default=Path("artifacts/load.png"), help="file of the picture")
    add("--save", action="store_true", help="write the figures to bench/results.md and .json")
    return parser.parse_args()


def _plan(options: argparse.Namespace, url: str) -> Plan:
    names = [name for name in Plan.__dataclass_fields__ if name != "url"]
    return Plan(url=url, **{name: getattr(options, name) for name in names})


@contextmanager
def _stack(options: argparse.Namespace) -> Iterator[FaultyStack | None]:
    if not options.here:
        yield None
        return
    with faulty_stack(-(-options.listeners // options.speakers) + 10) as own:
        yield own


async def _play(run: Run, own: FaultyStack | None, faults: float) -> None:
    watching = [asyncio.create_task(show(run))]
    if own:
        watching.append(asyncio.create_task(_watch(run, own, faults)))
    try:
        await run.play()
    finally:
        for task in watching:
            task.cancel()
        for task in watching:
            with suppress(asyncio.CancelledError):
                await task


async def _watch(run: Run, own: FaultyStack, faults: float) -> None:
    """Inject faults while speakers talk, none while the run settles; record the stack's memory."""
    armed = False
    while True:
        wanted = bool(faults) and run.phase == "talking"
        if wanted != armed:
            await asyncio.to_thread(own.faults, faults) if wanted else await asyncio.to_thread(
                own.no_faults
            )
            armed = wanted
        run.score.now.server_mb = megabytes = own.megabytes()
        if run.phase == "talking":
            run.score.server_mb.append(megabytes)
        await asyncio.sleep(1)


def _token(url: str) -> Token:
    """Return the source of tokens: JWT_SECRET, LECTERN_TOKEN, or the sandbox."""
    secret, given = os.environ.get("JWT_SECRET"), os.environ.get("LECTERN_TOKEN")
    parts = urlsplit(url)
    scheme = "http" if parts.scheme == "ws" else "https"

    async def token(user: str) -> str:
        if given:
            return given
        if secret:
            claims = {"sub": user, "exp": int(time.time()) + _HOURS * 3600}
            return jwt.encode(claims, secret, "HS256")
        query = urlencode({"sub": user})
        address = f"{scheme}://{parts.netloc}/_sandbox/token?{query}"
        return str((await asyncio.to_thread(_sandbox_token, address))["token"])

    return token


def _sandbox_token(address: str) -> dict[str, str]:
    with urlopen(address, timeout=30) as response:  # noqa: S310 - http or https, as of the stack
        token: dict[str, str] = json.load(response)
        return token


def _as_many_sockets_as_allowed() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
