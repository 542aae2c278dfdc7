"""The tables and queues of one stack, in moto or in the DynamoDB that the user points to."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlparse

import boto3
from botocore.config import Config

from sandbox.cloud.queues import VISIBILITY, queue_attributes
from sandbox.cloud.server import Cloud
from sandbox.cloud.stream_poller import StreamPoller
from sandbox.dynamodb.database import Change
from sandbox.dynamodb.plain import plain_item
from sandbox.dynamodb.tables import Label, create_tables, read_tables, table_environ
from sandbox.http.identifiers import REGION
from sandbox.http.signature import Credentials

PREFIX = "lectern-local-"


class ResourcesError(Exception):
    """The DynamoDB that the user points to cannot be used; the text says why."""


def check_endpoint(dynamodb_url: str | None) -> None:
    """Raise ResourcesError for a DynamoDB elsewhere: its tables would be emptied."""
    if dynamodb_url and urlparse(dynamodb_url).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ResourcesError(
            f"AWS_ENDPOINT_URL_DYNAMODB is {dynamodb_url}. The sandbox empties its tables when it "
            "starts, and so uses a DynamoDB on this machine only"
        )


class Resources:
    """Creates the tables and queues that Terraform creates on AWS, and shows their content."""

    def __init__(self, cloud: Cloud, credentials: Credentials, dynamodb_url: str | None) -> None:
        """`dynamodb_url` is a DynamoDB outside this process; None for the one in `cloud`."""
        self._cloud = cloud
        self._credentials = credentials
        self._dynamodb_url = dynamodb_url or cloud.endpoint_url
        self.external = self._dynamodb_url != cloud.endpoint_url
        self._dynamodb = self._client("dynamodb", self._dynamodb_url)
        self.tables: dict[Label, str] = {}

    def create(self) -> dict[str, str]:
        """Create empty tables and queues; return the settings that name them."""
        if self.external:
            self._drop_old_tables()
        self.tables = create_tables(self._dynamodb, prefix=PREFIX)
        return {
            **table_environ(self.tables),
            "AWS_ENDPOINT_URL_DYNAMODB": self._dynamodb_url,
            "AWS_ENDPOINT_URL_SQS": self._cloud.endpoint_url,
            **self._create_queues(),
        }

    def keys(self) -> Mapping[Label, list[str]]:
        """Return the names of each table's key attributes."""
        return {
            label: [key["AttributeName"] for key in table.request["KeySchema"]]
            for label, table in read_tables().items()
        }

    def items(self) -> Mapping[Label, list[dict[str, Any]]]:
        """Return every item of every table as plain JSON."""
        return {label: self._items(name) for label, name in self.tables.items()}

    def change(self, change: Change) -> dict[str, Any]:
        """Return one write as `{"table": label, "key": {…}, "item": {…} or null}`, plain JSON."""
        label = next(each for each, name in self.tables.items() if name == change["table"])
        new = change["new"]
        return {"table": label, "key": plain_item(change["keys"]), "item": new and plain_item(new)}

    def follow(self, label: Label, on_change: Callable[[Change], None]) -> StreamPoller:
        """Return a reader of a table's stream, for a DynamoDB outside this process."""
        streams = self._client("dynamodbstreams", self._dynamodb_url)
        return StreamPoller(self._dynamodb, streams, self.tables[label], on_change)

    def close(self) -> None:
        """Close the connections."""
        self._dynamodb.close()

    def _items(self, table: str) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=table)
        return [plain_item(item) for page in pages for item in page["Items"]]

    def queue_name(self, declared: str) -> str:
        """Return the name of the queue that the app declares by a reference to Terraform's module.

        Raises KeyError: the module has no such output.
        """
        outputs = {"${module.jobs.queue_name}": "jobs", "${module.jobs.replies_name}": "replies"}
        return PREFIX + outputs[declared]

    def _create_queues(self) -> dict[str, str]:
        """Create the queues. Return the settings that name them."""
        sqs = self._client("sqs", self._cloud.endpoint_url)
        dead = sqs.create_queue(QueueName=f"{PREFIX}dead-letters")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        urls = {}
        for name in VISIBILITY:
            attributes = queue_attributes(name, arn["Attributes"]["QueueArn"])
            created = sqs.create_queue(QueueName=PREFIX + name, Attributes=attributes)
            urls[f"{name.upper()}_QUEUE_URL"] = str(created["QueueUrl"])
        sqs.close()
        return urls

    def _drop_old_tables(self) -> None:
        for name in self._dynamodb.list_tables()["TableNames"]:
            if name.startswith(PREFIX):
                self._dynamodb.delete_table(TableName=name)

    def _client(self, service: Any, url: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=self._credentials.access_key_id,
            aws_secret_access_key=self._credentials.secret_access_key,
            config=Config(retries={"total_max_attempts": 2}),
        )
