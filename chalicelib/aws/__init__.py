"""The wire to AWS: DynamoDB, SQS and the management API behind the ports of stores and actions.

`AWS_WIRE` chooses who speaks; nothing else knows the difference. Each wire is imported only when
it is chosen.
"""

from collections.abc import Callable, Mapping

from chalicelib.aws.dispatch import SlowConnections
from chalicelib.aws.dynamodb import RetryingDynamoDB
from chalicelib.aws.management import RetryingManagement
from chalicelib.aws.sqs import SqsJobQueue
from chalicelib.domain.types import Millis
from chalicelib.settings import Settings

__all__ = ["dynamodb", "job_queue", "management"]


def dynamodb(settings: Settings, environ: Mapping[str, str]) -> RetryingDynamoDB:
    """The stores' port. Make one for each process; it may be shared by threads."""
    from chalicelib.aws import boto  # noqa: PLC0415 - a cold start pays for what it uses only

    return RetryingDynamoDB(boto.json_service("dynamodb", environ, settings.aws_timeout_seconds))


def job_queue(settings: Settings, environ: Mapping[str, str]) -> SqsJobQueue:
    """The actions' port to the jobs queue. Make one for each process."""
    from chalicelib.aws import boto  # noqa: PLC0415

    call = boto.json_service("sqs", environ, settings.aws_timeout_seconds)
    return SqsJobQueue(call, settings.jobs_queue_url)


def management(
    settings: Settings, environ: Mapping[str, str], clock: Callable[[], Millis]
) -> RetryingManagement:
    """The actions' port to `@connections`. Make one for each process: it remembers who is slow."""
    from chalicelib.aws import boto  # noqa: PLC0415

    connections = boto.BotoConnections(
        environ,
        settings.api_gateway_endpoint,
        settings.fanout_concurrency,
        SlowConnections(clock),
        settings.aws_timeout_seconds,
    )
    return RetryingManagement(connections)
