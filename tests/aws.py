"""The AWS that tests run against: moto's DynamoDB and SQS behind a real HTTP endpoint."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config

from sandbox.clock import Clock
from sandbox.cloud.dynamodb import Change
from sandbox.cloud.server import Cloud
from sandbox.faults import FaultPlan
from sandbox.tables import Label, create_tables, read_tables, table_environ

CREDENTIALS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIDTESTTESTTESTTEST",
    "AWS_SECRET_ACCESS_KEY": "test-secret-access-key",
}


@dataclass(frozen=True)
class Aws:
    """What one test has: its tables by label, its queues, and the settings that name them."""

    endpoint_url: str
    tables: dict[Label, str]
    jobs_queue_url: str
    dead_letter_queue_url: str
    environ: dict[str, str]
    dynamodb: Any
    sqs: Any
    session_changes: list[dict[str, Any]]
    """What the stream of the sessions table has brought so far, as Lambda gives it."""

    def items(self, label: Label) -> list[dict[str, Any]]:
        """Every item of a table, typed as DynamoDB has it."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.tables[label])
        return [item for page in pages for item in page["Items"]]

    def delete(self) -> None:
        """Ends the test's tables and queues."""
        for name in self.tables.values():
            self.dynamodb.delete_table(TableName=name)
        for url in (self.jobs_queue_url, self.dead_letter_queue_url):
            self.sqs.delete_queue(QueueUrl=url)


class MotoServer:
    """The sandbox's DynamoDB and SQS in a thread of this process, on a free port of 127.0.0.1."""

    def __enter__(self) -> "MotoServer":
        self._cloud = Cloud(Clock(), FaultPlan())
        self._streams: dict[str, list[dict[str, Any]]] = {}
        self._cloud.on_change.append(self._note)
        self._cloud.start()
        self.endpoint_url = self._cloud.endpoint_url
        self._definitions = read_tables()
        self._dynamodb = self._client("dynamodb")
        self._sqs = self._client("sqs")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._dynamodb.close()
        self._sqs.close()
        self._cloud.stop()

    def fresh(self, suffix: str) -> Aws:
        """New empty tables and queues, with `suffix` in their names."""
        names = create_tables(self._dynamodb, suffix=suffix, tables=self._definitions)
        dead = self._sqs.create_queue(QueueName=f"jobs-dead{suffix}")["QueueUrl"]
        jobs = self._sqs.create_queue(QueueName=f"jobs{suffix}")["QueueUrl"]
        environ = CREDENTIALS | table_environ(names)
        environ |= {
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint_url,
            "AWS_ENDPOINT_URL_SQS": self.endpoint_url,
            "JOBS_QUEUE_URL": jobs,
            "JWT_SECRET": "a-secret-for-tests-of-enough-characters",
            "RESUME_TOKEN_SECRET": "another-secret-for-tests-long-enough",
        }
        return Aws(
            endpoint_url=self.endpoint_url,
            tables=names,
            jobs_queue_url=jobs,
            dead_letter_queue_url=dead,
            environ=environ,
            dynamodb=self._dynamodb,
            sqs=self._sqs,
            session_changes=self._streams.setdefault(names["sessions"], []),
        )

    def _note(self, change: Change) -> None:
        stream = self._streams.get(change["table"])
        # The mapping's filter lets only MODIFY through (terraform/chalice_override.tf).
        if stream is not None and change["old"] and change["new"]:
            data = {
                "SequenceNumber": str(len(stream) + 1),
                "Keys": change["keys"],
                "OldImage": change["old"],
                "NewImage": change["new"],
            }
            stream.append({"eventName": "MODIFY", "dynamodb": data})

    def _client(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(max_pool_connections=64, retries={"max_attempts": 1}),
        )
