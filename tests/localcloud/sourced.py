"""An account for each test in which event sources run."""

import json
from typing import Any

from moto.backends import get_backend

from localcloud.sources import Sources
from tests.localcloud.world import World

SAYS = "import json\ndef handler(event, context):\n    print(json.dumps(event))\n"


class Sourced(World):
    """An account in which event sources run."""

    def __init__(self) -> None:
        super().__init__()
        tables = get_backend("dynamodb")[self.context.account]
        tables[self.context.region] = self.context.cloud.dynamodb.backend
        self.sources = Sources(self.context, self.functions, self.permissions)
        self.sources.start()

    def close(self) -> None:
        """Stop everything."""
        self.sources.stop()
        super().close()

    def applied(self) -> None:
        """Report a change of the control plane, as its endpoint does."""

        def tell() -> None:
            for each in self.context.on_apply:
                each()

        self.context.cloud.run(tell)
        self.settle()

    def rule(self, name: str, expression: str, function: str, *, allowed: bool = True) -> None:
        """Apply a rule that calls the function with that ARN."""
        events = self.context.backend("events")
        rule = events.put_rule(name, scheduled_expression=expression, state="ENABLED")
        events.put_targets(name, "default", [{"Id": "1", "Arn": function}])
        if allowed:
            permission = {
                "StatementId": name,
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": rule.arn,
            }
            policy = json.dumps(permission)
            self.context.backend("lambda").add_permission(function, None, policy)
        self.applied()

    def mapping(self, function: str, source: str, **options: Any) -> str:
        """Apply an event source mapping; return its id."""
        spec = {"FunctionName": function, "EventSourceArn": source, **options}
        uuid: str = self.context.backend("lambda").create_event_source_mapping(spec).uuid
        self.applied()
        return uuid

    def table(self, name: str) -> str:
        """Create a table with a stream; return the stream's ARN."""
        request = {
            "TableName": name,
            "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {
                "StreamEnabled": True,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }
        answer = self.context.cloud.run(
            lambda: self.context.cloud.dynamodb.call("CreateTable", request)
        )
        arn: str = answer["TableDescription"]["LatestStreamArn"]
        return arn

    def put(self, table: str, *items: tuple[str, int]) -> None:
        """Write items, each a key and a value."""

        def write() -> None:
            for key, value in items:
                item = {"k": {"S": key}, "v": {"N": str(value)}}
                self.context.cloud.dynamodb.call("PutItem", {"TableName": table, "Item": item})

        self.context.cloud.run(write)

    def said(self, name: str) -> list[Any]:
        """Return the JSON that the function printed."""
        return [json.loads(line) for line in self.log(name) if line.startswith(('{"', '["'))]

    def batches(self, name: str) -> list[Any]:
        """Return the JSON that the function printed, once nothing runs."""
        self.settle()
        return self.said(name)
