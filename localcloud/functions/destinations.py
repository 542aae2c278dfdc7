"""Destinations: queues that receive the record of a batch that was given up."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from localcloud.context import Context
from localcloud.permissions import Permissions
from sandbox.cloud.sqs import SqsError

logger = logging.getLogger(__name__)


def deliver(
    context: Context,
    permissions: Permissions,
    role: str,
    destination: str,
    record: Mapping[str, Any],
) -> None:
    """Send `record` to the queue whose ARN is `destination`.

    It is lost, with a warning in the log, if `role` may not send to the queue, if there is no such
    queue, or if the destination is of another service.
    """
    _, _, service, _, _, name = destination.split(":", 5)
    if service != "sqs":
        logger.warning("Destinations of the service %s are not supported: %s", service, name)
    elif not permissions.role_allows(role, [("sqs:SendMessage", destination)]):
        logger.warning("%s may not send to its destination %s", role, name)
    else:
        context.cloud.run(lambda: _send(context, name, json.dumps(record)))


def _send(context: Context, queue: str, body: str) -> None:
    """Send a message on the cloud's loop."""
    cloud = context.cloud
    request = {"QueueUrl": f"{cloud.endpoint_url}/{context.account}/{queue}", "MessageBody": body}
    try:
        cloud.sqs.call("SendMessage", request, cloud.endpoint_url)
    except SqsError as problem:
        logger.warning("The queue %s cannot be sent to: %s", queue, problem)
        return
    for tell in cloud.on_message:
        tell()
