"""The attributes of the queues, read from Terraform's module."""

import functools
from pathlib import Path
from typing import Any

import hcl2

MODULE = Path(__file__).parents[2] / "terraform" / "modules" / "jobs" / "variables.tf"


VISIBILITY = {
    "jobs": "visibility_timeout_seconds",
    "replies": "replies_visibility_timeout_seconds",
}
"""The variable of each queue's visibility timeout, by the queue's name."""


def queue_attributes(queue: str, dead_letters_arn: str, variables: Path = MODULE) -> dict[str, str]:
    """Return the attributes of a queue, with the defaults of Terraform's module."""
    defaults = _defaults(variables)
    redrive = (
        f'{{"deadLetterTargetArn":"{dead_letters_arn}",'
        f'"maxReceiveCount":{defaults["max_receive_count"]}}}'
    )
    return {
        "VisibilityTimeout": str(defaults[VISIBILITY[queue]]),
        "MessageRetentionPeriod": str(defaults["retention_seconds"]),
        "RedrivePolicy": redrive,
    }


@functools.cache
def _defaults(variables: Path) -> dict[str, Any]:
    blocks = hcl2.loads(variables.read_text(encoding="utf-8"))["variable"]
    return {
        name.strip('"'): block.get("default") for each in blocks for name, block in each.items()
    }
