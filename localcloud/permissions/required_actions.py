"""The actions that a call requires, each with the ARN it is on.

Service Authorization Reference, "Actions, resources, and condition keys for Amazon DynamoDB" and
"… for Amazon SQS". A transaction requires the actions of its items, a batch of SQS that of one
message.
"""

from collections.abc import Mapping
from typing import Any

from localcloud.context import Context

RequiredAction = tuple[str, str]
"""An action and the ARN it is on: `("dynamodb:GetItem", "arn:aws:dynamodb:…:table/x")`."""

_OF_AN_ITEM = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_OF_A_BATCH = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}


def required_actions(
    context: Context, service: str, operation: str, body: Mapping[str, Any]
) -> list[RequiredAction]:
    """Return the actions that `operation` of `service` requires with the JSON `body`.

    An operation of any service but `dynamodb` and `sqs` is an action on `*`.
    """
    if service == "dynamodb":
        return _dynamodb(context, operation, body)
    if service == "sqs":
        return [(f"sqs:{_OF_A_BATCH.get(operation, operation)}", _queue(context, body))]
    return [(f"{service}:{operation}", "*")]


def _dynamodb(context: Context, operation: str, body: Mapping[str, Any]) -> list[RequiredAction]:
    if operation in ("TransactWriteItems", "TransactGetItems"):
        return [
            (f"dynamodb:{_OF_AN_ITEM.get(kind, kind)}", _table(context, content.get("TableName")))
            for item in body.get("TransactItems", [])
            for kind, content in item.items()
        ]
    action = f"dynamodb:{operation}"
    if operation in ("BatchGetItem", "BatchWriteItem"):
        return [(action, _table(context, name)) for name in body.get("RequestItems", {})]
    if "StreamArn" in body:
        return [(action, body["StreamArn"])]
    resource = _table(context, body.get("TableName"))
    if "IndexName" in body:
        resource += f"/index/{body['IndexName']}"
    return [(action, resource)]


def _table(context: Context, name: str | None) -> str:
    if name is None:
        return "*"
    if name.startswith("arn:"):
        return name
    return f"arn:aws:dynamodb:{context.region}:{context.account}:table/{name}"


def _queue(context: Context, body: Mapping[str, Any]) -> str:
    name = str(body.get("QueueUrl") or body.get("QueueName") or "*").rsplit("/", maxsplit=1)[-1]
    return f"arn:aws:sqs:{context.region}:{context.account}:{name}"
