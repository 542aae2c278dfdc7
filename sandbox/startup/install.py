"""Gives the handlers their parts, with the sandbox's clock, log and faults in them."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from chalicelib import aws, wiring
from chalicelib.settings import Settings
from sandbox.clock import Clock
from sandbox.faults import FaultPlan
from sandbox.functions.killing import KillingDynamoDB, KillingManagement


def install(
    environ: Mapping[str, str], clock: Clock, faults: FaultPlan, write: Callable[[str], None]
) -> None:
    """Everything in this process takes its time from `clock` from now on. Raises SettingsError."""
    dynamodb = aws.dynamodb(Settings.from_environ(environ), environ)
    parts = wiring.build(
        environ, clock=clock, write=write, dynamodb=KillingDynamoDB(dynamodb, faults)
    )
    wiring.install(replace(parts, management=KillingManagement(parts.management, faults)))
