"""The stores are tested on every DynamoDB that is at hand."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.aws import Aws, another_dynamodb


@pytest.fixture(params=["moto", "another"])
def aws(request: pytest.FixtureRequest, aws: Aws) -> Iterator[Aws]:
    """Return the tables of one test, in moto and in another DynamoDB. The queue is moto's."""
    if request.param == "moto":
        yield aws
        return
    with another_dynamodb() as another:
        environ = another.environ | {"JOBS_QUEUE_URL": aws.jobs_queue_url}
        environ["AWS_ENDPOINT_URL_SQS"] = aws.endpoint_url
        yield replace(
            another,
            environ=environ,
            sqs=aws.sqs,
            jobs_queue_url=aws.jobs_queue_url,
            dead_letter_queue_url=aws.dead_letter_queue_url,
        )
