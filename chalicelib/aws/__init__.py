"""The wire to AWS: DynamoDB, SQS and the management API behind the ports of stores and actions.

`AWS_WIRE` chooses who speaks, `lean` or `boto3`; nothing else knows the difference. Each wire is
imported only when it is chosen.
"""

from collections.abc import Callable, Mapping

from chalicelib.aws.calls import Call, Connections
from chalicelib.aws.dispatch import SlowConnections
from chalicelib.aws.dynamodb import RetryingDynamoDB
from chalicelib.aws.management import RetryingManagement
from chalicelib.aws.sqs import SqsJobQueue
from chalicelib.domain.types import Millis
from chalicelib.settings import Settings

__all__ = ["dynamodb", "job_queue", "management"]


def dynamodb(settings: Settings, environ: Mapping[str, str]) -> RetryingDynamoDB:
    """The stores' port. Make one for each process; threads may share it.

    On Lambda it has a connection already: before the first event a process has a whole core,
    and every handler needs DynamoDB.
    """
    made = RetryingDynamoDB(_service("dynamodb", settings, environ))
    if "AWS_LAMBDA_FUNCTION_NAME" in environ:
        made.warm()
    return made


def job_queue(settings: Settings, environ: Mapping[str, str]) -> SqsJobQueue:
    """The actions' port to the jobs queue. Make one for each process."""
    return SqsJobQueue(_service("sqs", settings, environ), settings.jobs_queue_url)


def management(
    settings: Settings, environ: Mapping[str, str], clock: Callable[[], Millis]
) -> RetryingManagement:
    """The actions' port to `@connections`. Make one for each process: it remembers who is slow."""
    connections: Connections
    arguments = (
        environ,
        settings.api_gateway_endpoint,
        settings.fanout_concurrency,
        SlowConnections(clock),
        settings.aws_timeout_seconds,
    )
    if settings.aws_wire == "boto3":
        from chalicelib.aws.boto import BotoConnections  # noqa: PLC0415 - paid for by who uses it

        connections = BotoConnections(*arguments)
    else:
        from chalicelib.aws.lean import LeanConnections  # noqa: PLC0415

        connections = LeanConnections(*arguments)
    return RetryingManagement(connections)


def _service(service: str, settings: Settings, environ: Mapping[str, str]) -> Call:
    if settings.aws_wire == "boto3":
        from chalicelib.aws import boto  # noqa: PLC0415

        return boto.json_service(service, environ, settings.aws_timeout_seconds)
    from chalicelib.aws import lean  # noqa: PLC0415

    return lean.json_service(service, environ, settings.aws_timeout_seconds)
