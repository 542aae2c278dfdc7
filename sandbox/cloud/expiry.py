"""DynamoDB's time to live: expired items are deleted late, as on AWS."""

from sandbox.cloud.server import Cloud
from sandbox.conditions.clock import Clock
from sandbox.dynamodb.model.values import number

SWEEP_SECONDS = 600.0
LATE_SECONDS = 600.0
"""Seconds for which an expired item is still returned: code must not rely on its deletion."""


class Expiry:
    """Deletes expired items of all tables every ten minutes of the stack's clock."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        self._cloud = cloud
        self._clock = clock

    def start(self) -> None:
        """Sweep from now on."""
        self._clock.after(SWEEP_SECONDS, self._due)

    def _due(self) -> None:
        self._cloud.run(self._sweep)
        self.start()

    def _sweep(self) -> None:
        before = self._clock() / 1000 - LATE_SECONDS
        dynamodb = self._cloud.dynamodb
        attributes = dynamodb.ttl_attributes()
        for table in dynamodb.tables:
            attribute = attributes.get(table.name)
            for item in table.items() if attribute else []:
                expires_at = item.get(attribute or "", {})
                if "N" in expires_at and number(expires_at["N"]) < before:
                    dynamodb.expire(table.name, {name: item[name] for name in table.key_names})
