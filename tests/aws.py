"""The AWS that tests run against: moto's DynamoDB and SQS behind a real HTTP endpoint."""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.cloud.server import Cloud
from sandbox.conditions.clock import Clock
from sandbox.conditions.faults import FaultPlan
from sandbox.dynamodb.database import Change, OnChange
from sandbox.dynamodb.tables import Label, create_tables, read_tables, table_environ
from sandbox.sources.filters import FILTERS
from tools import dynoxide

CREDENTIALS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIDTESTTESTTESTTEST",
    "AWS_SECRET_ACCESS_KEY": "test-secret-access-key",
}

SECRETS = {
    "JWT_SECRET": "a-secret-for-tests-of-enough-characters",
    "RESUME_TOKEN_SECRET": "another-secret-for-tests-long-enough",
}


@dataclass(frozen=True)
class Aws:
    """The tables of one test by label, its queues, and the settings that name them."""

    endpoint_url: str
    tables: dict[Label, str]
    jobs_queue_url: str
    dead_letter_queue_url: str
    environ: dict[str, str]
    dynamodb: Any
    sqs: Any
    session_changes: list[dict[str, Any]]
    """Records of the sessions table's stream so far, as Lambda receives them."""
    count_changes: list[dict[str, Any]]
    """Those of the counts table's stream."""

    def items(self, label: Label) -> list[dict[str, Any]]:
        """Return every item of a table, in DynamoDB's typed form."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.tables[label])
        return [item for page in pages for item in page["Items"]]


@contextmanager
def another_dynamodb() -> Iterator[Aws]:
    """Fresh tables in a DynamoDB that is not moto's: that of `DYNAMODB_URL`, or a dynoxide.

    It has no queue, and nobody reads its streams. Skips the test where there is neither.
    """
    if url := os.environ.get("DYNAMODB_URL"):
        with _tables_at(url) as aws:
            yield aws
    elif dynoxide.is_installed():
        with dynoxide.running() as url, _tables_at(url) as aws:
            yield aws
    else:
        pytest.skip("needs dynoxide (npm ci --prefix tools/dynoxide), or DYNAMODB_URL")


@contextmanager
def _tables_at(url: str) -> Iterator[Aws]:
    client = boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name=CREDENTIALS["AWS_REGION"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    # Without a time to live: it would delete whatever a test's clock, which is years behind, makes.
    lasting = {label: replace(each, ttl_attribute=None) for label, each in read_tables().items()}
    tables = create_tables(client, suffix=f"-{uuid.uuid4()}", tables=lasting)
    environ = CREDENTIALS | table_environ(tables) | SECRETS
    environ |= {"AWS_ENDPOINT_URL_DYNAMODB": url, "JOBS_QUEUE_URL": "http://127.0.0.1:9/queue"}
    yield Aws(
        endpoint_url=url,
        tables=tables,
        jobs_queue_url="",
        dead_letter_queue_url="",
        environ=environ,
        dynamodb=client,
        sqs=None,
        session_changes=[],
        count_changes=[],
    )
    for name in tables.values():
        client.delete_table(TableName=name)
    client.close()


def add_record(stream: list[dict[str, Any]], change: Change) -> None:
    """Add a change to a stream's records, if the filter of its event source lets it through."""
    label = "counts" if "shard" in change["keys"] else "sessions"
    if not FILTERS[label](change):
        return
    data = {"SequenceNumber": str(len(stream) + 1), "Keys": change["keys"]}
    data |= {"OldImage": change["old"]} if change["old"] else {}
    data |= {"NewImage": change["new"]} if change["new"] else {}
    name = "MODIFY" if change["new"] else "REMOVE"
    stream.append({"eventName": name, "dynamodb": data})


class _InPlace:
    """The operations of a boto3 client that `create_tables` needs, without HTTP."""

    def __init__(self, cloud: Cloud) -> None:
        self._call = cloud.dynamodb.call

    def create_table(self, **request: Any) -> None:
        self._call("CreateTable", request)

    def update_time_to_live(self, **request: Any) -> None:
        self._call("UpdateTimeToLive", request)


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

    def follow(self, on_change: OnChange) -> None:
        """Call `on_change` with every change of every table, before the write returns."""
        self._cloud.on_change.append(on_change)

    def fresh(self, suffix: str) -> Aws:
        """New empty tables and queues, with `suffix` in their names."""
        names, (jobs, replies, dead) = self._cloud.run(lambda: self._create(suffix))
        environ = CREDENTIALS | table_environ(names)
        environ |= {
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint_url,
            "AWS_ENDPOINT_URL_SQS": self.endpoint_url,
            "JOBS_QUEUE_URL": jobs,
            "REPLIES_QUEUE_URL": replies,
            **SECRETS,
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
            count_changes=self._streams.setdefault(names["counts"], []),
        )

    def delete(self, aws: Aws) -> None:
        """Delete what `fresh` has made."""
        self._cloud.run(lambda: self._delete(aws))

    # A test's tables are made and deleted where they lie: thirty requests over HTTP would cost
    # more than most tests.

    def _create(self, suffix: str) -> tuple[dict[Label, str], list[str]]:
        tables = create_tables(_InPlace(self._cloud), suffix=suffix, tables=self._definitions)
        return tables, [self._queue(f"{name}{suffix}") for name in ("jobs", "replies", "jobs-dead")]

    def _queue(self, name: str) -> str:
        answer = self._cloud.sqs.call("CreateQueue", {"QueueName": name}, self.endpoint_url)
        return str(json.loads(answer)["QueueUrl"])

    def _delete(self, aws: Aws) -> None:
        for name in aws.tables.values():
            self._cloud.dynamodb.call("DeleteTable", {"TableName": name})
        urls = (aws.jobs_queue_url, aws.environ["REPLIES_QUEUE_URL"], aws.dead_letter_queue_url)
        for url in urls:
            self._cloud.sqs.call("DeleteQueue", {"QueueUrl": url}, self.endpoint_url)

    def _note(self, change: Change) -> None:
        stream = self._streams.get(change["table"])
        if stream is not None:
            add_record(stream, change)

    def _client(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(max_pool_connections=64, retries={"max_attempts": 1}),
        )
