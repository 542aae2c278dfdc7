"""The wire to AWS: DynamoDB, SQS and the management API behind the ports of stores and actions.

`AWS_WIRE` chooses the implementation, `lean` or `boto3`; nothing else knows the difference. Only
the chosen one is imported.
"""

from collections.abc import Callable, Mapping

from chalicelib.aws.dynamodb import RetryingDynamoDB
from chalicelib.aws.fanout.scheduler import SlowConnections
from chalicelib.aws.management import RetryingManagement
from chalicelib.aws.sqs import SqsJobQueue
from chalicelib.aws.wire import Connections, ServiceCall
from chalicelib.domain.types import Millis
from chalicelib.settings import Settings

__all__ = ["dynamodb", "job_queues", "management"]


def dynamodb(settings: Settings, environ: Mapping[str, str]) -> RetryingDynamoDB:
    """Return the stores' port. Make one for each process; threads may share it.

    On Lambda, open its first connection at once: until the first event a process has a whole core,
    and every handler needs DynamoDB.
    """
    port = RetryingDynamoDB(_service("dynamodb", settings, environ))
    if "AWS_LAMBDA_FUNCTION_NAME" in environ:
        port.warm()
    return port


def job_queues(settings: Settings, environ: Mapping[str, str]) -> tuple[SqsJobQueue, SqsJobQueue]:
    """Return the actions' ports to the queues of jobs and of first replies, one for each process.

    They share connections.
    """
    sqs = _service("sqs", settings, environ)
    return SqsJobQueue(sqs, settings.jobs_queue_url), SqsJobQueue(sqs, settings.replies_queue_url)


def management(
    settings: Settings, environ: Mapping[str, str], clock: Callable[[], Millis]
) -> RetryingManagement:
    """Return the actions' port to `@connections`.

    Make one for each process: it remembers slow connections.
    """
    connections: Connections
    arguments = (
        environ,
        settings.api_gateway_endpoint,
        settings.fanout_concurrency,
        SlowConnections(clock),
        settings.aws_timeout_seconds,
    )
    if settings.aws_wire == "boto3":
        from chalicelib.aws.boto import BotoConnections  # noqa: PLC0415 - only paid for where it is used

        connections = BotoConnections(*arguments)
    else:
        from chalicelib.aws.lean import LeanConnections  # noqa: PLC0415

        connections = LeanConnections(*arguments)
    return RetryingManagement(connections)


def _service(service: str, settings: Settings, environ: Mapping[str, str]) -> ServiceCall:
    if settings.aws_wire == "boto3":
        from chalicelib.aws import boto  # noqa: PLC0415

        return boto.json_service(service, environ, settings.aws_timeout_seconds)
    from chalicelib.aws import lean  # noqa: PLC0415

    return lean.json_service(service, environ, settings.aws_timeout_seconds)
