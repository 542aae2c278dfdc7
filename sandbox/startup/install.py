"""The handlers' services, built with the sandbox's clock, log and faults."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from chalicelib import aws, wiring
from chalicelib.settings import Settings
from sandbox.conditions.clock import Clock
from sandbox.conditions.faults import FaultPlan
from sandbox.functions.killing import KillingDynamoDB, KillingManagement


def install(
    environ: Mapping[str, str], clock: Clock, faults: FaultPlan, write: Callable[[str], None]
) -> None:
    """Build and install the services of the handlers in this process. Raises SettingsError."""
    dynamodb = aws.dynamodb(Settings.from_environ(environ), environ)
    services = wiring.build(
        environ, clock=clock, write=write, dynamodb=KillingDynamoDB(dynamodb, faults)
    )
    wiring.install(replace(services, management=KillingManagement(services.management, faults)))
