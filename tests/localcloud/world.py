"""An account for each test, without the HTTP endpoint."""

import base64
import io
import itertools
import json
import os
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.context import Context
from localcloud.control import awslambda, cloudwatch
from localcloud.functions import Functions
from localcloud.permissions import Permissions
from sandbox.cloud.server import Cloud
from sandbox.conditions.clock import Activity, Clock
from sandbox.conditions.faults import FaultPlan
from sandbox.functions.pool import Pool

_NUMBERS = itertools.count(1)
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"
PATIENCE = 20.0


class World:
    """`context`, `permissions` and `functions`, and helpers that apply things."""

    def __init__(self) -> None:
        awslambda.extend()
        cloudwatch.extend()
        began = time.time()
        # It stands still unless a test moves it: a slow machine changes nothing.
        clock, faults, activity = Clock(lambda: began), FaultPlan(), Activity()
        account = f"{os.getpid() % 1_000_000:06}{next(_NUMBERS):06}"
        self.streams: list[tuple[str, str, str]] = []
        """Every log line: group, stream, text."""
        self.pool = Pool(16)
        self.context = Context(
            clock=clock,
            activity=activity,
            pool=self.pool,
            cloud=Cloud(clock, faults, account=account),
            account=account,
            access_key_id="AKIAOFTHEACCOUNT",
            secret_access_key="secret",
            log=lambda *line: self.streams.append(line),
        )
        self.permissions = Permissions(self.context)
        self.functions = Functions(self.context, self.permissions)
        self.context.cloud.start()
        self.pool.start()
        clock.start()

    def close(self) -> None:
        """Stop everything."""
        self.context.clock.stop()
        self.functions.stop()
        self.pool.stop()
        self.context.cloud.stop()

    def role(self, name: str = "everything", *statements: Mapping[str, Any]) -> str:
        """Create a role with these statements as an inline policy; return its ARN."""
        iam = self.context.backend("iam")
        arn = f"arn:aws:iam::{self.context.account}:role/{name}"
        if arn not in [each.arn for each in iam.get_roles()]:
            iam.create_role(
                role_name=name,
                assume_role_policy_document="{}",
                path="/",
                permissions_boundary=None,
                description="",
                tags=[],
                max_session_duration="3600",
            )
        document = {"Version": "2012-10-17", "Statement": list(statements) or [EVERYTHING]}
        iam.put_role_policy(name, "calls", json.dumps(document))
        return arn

    def function(self, name: str, source: str, **options: Any) -> str:
        """Create a function whose `app.py` is `source` and has `handler`; return its ARN."""
        spec = {
            "FunctionName": name,
            "Runtime": HERE,
            "Handler": "app.handler",
            "Code": {"ZipFile": zipped(source)},
            "Role": self.role(),
            "MemorySize": 128,
            "Timeout": 20,
            **options,
        }
        arn: str = self.context.backend("lambda").create_function(spec).function_arn
        return arn

    def call(self, name: str, event: Mapping[str, Any] | None = None) -> Any:
        """Invoke a function and return its result. Raises AssertionError if it fails."""
        answer = self.functions.invoke(name, event or {})
        assert answer.error is None, answer.payload
        return json.loads(answer.payload)

    def log(self, name: str) -> list[str]:
        """Return the lines of a function's log."""
        return [line for group, _, line in self.streams if group == f"/aws/lambda/{name}"]

    def advance(self, seconds: float) -> None:
        """Move the clock, and wait before and at each stop until nothing runs."""
        self.settle()
        self.context.clock.advance(seconds, self.settle)

    def settle(self) -> None:
        """Wait until nothing runs."""
        assert self.context.activity.wait(PATIENCE)

    def queue(self, name: str, **attributes: str) -> str:
        """Create a queue; return its ARN."""
        cloud = self.context.cloud
        request = {"QueueName": name, "Attributes": attributes}
        cloud.run(lambda: cloud.sqs.call("CreateQueue", request, cloud.endpoint_url))
        return f"arn:aws:sqs:{self.context.region}:{self.context.account}:{name}"

    def send(self, name: str, *bodies: str) -> None:
        """Send messages to a queue."""
        cloud = self.context.cloud
        url = f"{cloud.endpoint_url}/{self.context.account}/{name}"

        def send() -> None:
            for body in bodies:
                request = {"QueueUrl": url, "MessageBody": body}
                cloud.sqs.call("SendMessage", request, cloud.endpoint_url)
            for tell in cloud.on_message:
                tell()

        cloud.run(send)

    def sums(self, namespace: str, **dimensions: str) -> dict[str, float]:
        """Return the sum of each counting metric with these dimensions."""
        store = self.context.metrics
        return {
            each.name: sum(store.between(each, 0, sys.maxsize))
            for each in store.metrics()
            if (each.namespace, dict(each.dimensions)) == (namespace, dimensions)
            and each.name != "Duration"
        }

    def messages(self, name: str) -> list[str]:
        """Return the bodies of the messages in a queue, visible or not."""
        cloud = self.context.cloud
        return cloud.run(lambda: [str(each.body) for each in cloud.sqs.queue(name)._messages])


def zip_file(source: str) -> bytes:
    """Return a zip with one `app.py`."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", source)
    return content.getvalue()


def zipped(source: str) -> str:
    """Return a zip with one `app.py`, as moto's backend takes it."""
    return base64.b64encode(zip_file(source)).decode()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until `holds` returns true. Raises AssertionError after 20 seconds."""
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.01)
