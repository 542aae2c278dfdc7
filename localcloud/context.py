"""The services that every part of the account is given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localcloud.metrics import MetricStore
from sandbox.cloud.server import Cloud
from sandbox.conditions.clock import Activity, Clock
from sandbox.functions.pool import Pool
from sandbox.http.identifiers import REGION

Log = Callable[[str, str, str], None]
"""Takes the names of a log group and of a stream in it, and one line."""


@dataclass(frozen=True)
class Context:
    """The shared services."""

    clock: Clock
    activity: Activity
    """Work is begun and ended here: the clock advances only while none is under way."""
    pool: Pool
    cloud: Cloud
    """DynamoDB and SQS with their changes and messages; also serves every other API."""
    account: str
    """Twelve digits."""
    access_key_id: str
    """The account's own key, whose owner may do everything."""
    secret_access_key: str
    log: Log
    """Takes every line of a function or a stage."""
    region: str = REGION
    metrics: MetricStore = field(default_factory=MetricStore)
    on_apply: list[Callable[[], None]] = field(default_factory=list)
    """Called on the cloud's loop after each call that may have changed the control plane."""

    def run_in_background(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread; the clock waits for it."""
        self.activity.begin()

        def run() -> None:
            try:
                work()
            finally:
                self.activity.end()

        self.pool.submit(run)

    def backend(self, service: str) -> Any:
        """Return moto's backend of a service in this account and region.

        `backend("lambda").get_function("lectern-dev-connect")` is a function as it was applied.
        """
        from moto.backends import get_backend  # noqa: PLC0415 - loads all of a service

        backends: Any = get_backend(service)
        account = backends[self.account]
        return account[self.region] if self.region in account else account["aws"]
