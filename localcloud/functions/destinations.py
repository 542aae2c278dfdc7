"""Messages of the platform's own: to Lambda's destinations, and to queues that follow a topic."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from localcloud.context import Context, Permissions
from sandbox.cloud.sqs import SqsError

logger = logging.getLogger(__name__)


def deliver(
    context: Context,
    permissions: Permissions,
    role: str,
    destination: str,
    record: Mapping[str, Any],
) -> None:
    """Sends `record` to the queue with the ARN `destination`, if `role` may; else it is lost."""
    _, _, service, _, _, name = destination.split(":", 5)
    if service != "sqs":
        logger.warning("A destination of the service %s is not reached here: %s", service, name)
    elif not permissions.role_allows(role, [("sqs:SendMessage", destination)]):
        logger.warning("%s may not send to its destination %s", role, name)
    else:
        context.cloud.run(lambda: send(context, name, json.dumps(record)))


def send(context: Context, queue: str, body: str) -> None:
    """A message into the queue of that name; lost where there is none. On the cloud's loop."""
    cloud = context.cloud
    request = {"QueueUrl": f"{cloud.endpoint_url}/{context.account}/{queue}", "MessageBody": body}
    try:
        cloud.sqs.call("SendMessage", request, cloud.endpoint_url)
    except SqsError as problem:
        logger.warning("Nothing can be sent to the queue %s: %s", queue, problem)
        return
    for tell in cloud.on_message:
        tell()
