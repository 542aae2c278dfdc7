"""The jobs queue on SQS: batches of ten, and only entries that failed are sent again.

Described in the Amazon SQS API Reference: SendMessage, SendMessageBatch, GetQueueAttributes.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.aws.refusals import Refusal
from chalicelib.aws.retry import Policy, Retries
from chalicelib.aws.wire import ServiceCall
from chalicelib.protocol.jobs import Job, encode_job

POLICY = Policy(tries=5, base=0.05, seconds=8.0)
_BATCH = 10
_BATCH_BYTES = 256 * 1024

_Entry = dict[str, Any]


class SqsJobQueue:
    """`chalicelib.actions.ports.JobQueue` over one of the wires. Thread-safe."""

    def __init__(self, call: ServiceCall, queue_url: str, retries: Retries | None = None) -> None:
        self._call = call
        self._queue_url = queue_url
        self._retries = retries or Retries(POLICY)

    def send(self, job: Job, delay: int = 0) -> None:
        message = {
            "QueueUrl": self._queue_url,
            "MessageBody": encode_job(job),
            "DelaySeconds": delay,
        }
        self._retries.run(lambda: self._call("SendMessage", message))

    def send_many(self, jobs: Iterable[Job], delay: int = 0) -> None:
        for batch in _batches(jobs, delay):
            left = {entry["Id"]: entry for entry in batch}
            self._retries.run(lambda left=left: self._send_batch(left))  # type: ignore[misc]

    def depth(self) -> int:
        name = "ApproximateNumberOfMessages"
        request = {"QueueUrl": self._queue_url, "AttributeNames": [name]}
        response = self._retries.run(lambda: self._call("GetQueueAttributes", request))
        return int(response["Attributes"][name])

    def _send_batch(self, left: dict[str, _Entry]) -> None:
        request = {"QueueUrl": self._queue_url, "Entries": list(left.values())}
        response = self._call("SendMessageBatch", request)
        for sent in response.get("Successful", ()):
            left.pop(sent["Id"], None)
        if left:
            failed = response.get("Failed") or [{"SenderFault": False, "Code": "NoResult"}]
            fault = next((one for one in failed if one["SenderFault"]), failed[0])
            status = 400 if fault["SenderFault"] else 500
            raise Refusal(status, fault.get("Code", ""), fault.get("Message", ""))


def _batches(jobs: Iterable[Job], delay: int) -> Iterator[list[_Entry]]:
    batch: list[_Entry] = []
    size = 0
    for job in jobs:
        text = encode_job(job)
        length = len(text.encode())
        if batch and (len(batch) == _BATCH or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append({"Id": str(len(batch)), "MessageBody": text, "DelaySeconds": delay})
        size += length
    if batch:
        yield batch
