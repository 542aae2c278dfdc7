"""Gives the handlers their parts, with the sandbox's clock and log in them."""

from collections.abc import Callable, Mapping

from chalicelib import wiring
from sandbox.clock import Clock


def install(environ: Mapping[str, str], clock: Clock, write: Callable[[str], None]) -> None:
    """Everything in this process takes its time from `clock` from now on. Raises SettingsError."""
    wiring.install(wiring.build(environ, clock=clock, write=write))
