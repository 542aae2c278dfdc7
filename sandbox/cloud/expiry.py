"""DynamoDB's time to live: expired items are deleted late, as on AWS."""

import json

from sandbox.clock import Clock
from sandbox.cloud.server import Cloud

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
        for table in self._cloud.dynamodb.tables():
            attribute = table.ttl.get("AttributeName")
            for item in list(table.all_items()) if attribute else []:
                expires_at = item.attrs.get(attribute)
                if expires_at and expires_at.is_number() and float(expires_at.value) < before:
                    keys = {name: item.attrs[name].to_json() for name in table.table_key_attrs}
                    request = {"TableName": table.name, "Key": keys}
                    self._cloud.dynamodb.expire(json.loads(json.dumps(request)))
