"""The contract of the actions with the jobs queue, on either wire."""

import json
from typing import Any

import pytest

from chalicelib.aws.sqs import SqsJobQueue
from chalicelib.errors import RequestRejected, Throttled
from chalicelib.protocol.jobs import PublishStatus, RunRequest
from tests.aws import Aws
from tests.chalicelib.aws.conftest import Against
from tests.chalicelib.aws.servers import Answer, Request, ScriptedServer, json_answer


def _job(request_id: str) -> RunRequest:
    return RunRequest(request_id=request_id)


def _received(aws: Aws) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = []
    while True:
        answer = aws.sqs.receive_message(QueueUrl=aws.jobs_queue_url, MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return jobs
        jobs += [json.loads(message["Body"]) for message in answer["Messages"]]


def test_a_job_arrives_as_it_was_sent(job_queue: SqsJobQueue, aws: Aws) -> None:
    job_queue.send(_job("Grüße 🎤"))
    assert _received(aws) == [{"kind": "runRequest", "requestId": "Grüße 🎤"}]


def test_a_delayed_job_is_not_there_yet(job_queue: SqsJobQueue, aws: Aws) -> None:
    job_queue.send(PublishStatus(), delay=900)
    assert _received(aws) == []
    asked = {"QueueUrl": aws.jobs_queue_url, "AttributeNames": ["All"]}
    attributes = aws.sqs.get_queue_attributes(**asked)["Attributes"]
    assert attributes["ApproximateNumberOfMessagesDelayed"] == "1"


def test_many_jobs_are_all_sent(job_queue: SqsJobQueue, aws: Aws) -> None:
    job_queue.send_many(_job(f"{number:02}") for number in range(23))
    assert sorted(job["requestId"] for job in _received(aws)) == [f"{n:02}" for n in range(23)]


def test_without_jobs_nothing_is_sent(server: ScriptedServer, against: Against) -> None:
    _queue(server, against).send_many([])
    assert server.requests == []


def test_a_missing_queue_is_rejected(aws: Aws, against: Against) -> None:
    environ = aws.environ | {"JOBS_QUEUE_URL": aws.jobs_queue_url + "-not"}
    with pytest.raises(RequestRejected):
        against.job_queue(environ).send(PublishStatus())


def _queue(server: ScriptedServer, against: Against) -> SqsJobQueue:
    return against.job_queue(
        {"AWS_ENDPOINT_URL_SQS": server.url, "JOBS_QUEUE_URL": f"{server.url}/1/jobs"}
    )


def _entries(request: Request) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(request.body)["Entries"]
    return entries


def test_batches_stay_within_ten_entries_and_256_kib(
    server: ScriptedServer, against: Against
) -> None:
    def accept(request: Request) -> Answer:
        return json_answer({"Successful": [{"Id": entry["Id"]} for entry in _entries(request)]})

    server.script = accept
    _queue(server, against).send_many(_job("x" * 60_000) for _ in range(9))
    assert [len(_entries(request)) for request in server.requests] == [4, 4, 1]


def test_only_what_failed_in_a_batch_is_sent_again(
    server: ScriptedServer, against: Against
) -> None:
    def half(request: Request) -> Answer:
        ids = [entry["Id"] for entry in _entries(request)]
        failed = [{"Id": each, "SenderFault": False, "Code": "InternalError"} for each in ids[1::2]]
        return json_answer({"Successful": [{"Id": each} for each in ids[::2]], "Failed": failed})

    server.script = half
    _queue(server, against).send_many(_job(str(number)) for number in range(5))
    sent = [
        [json.loads(entry["MessageBody"])["requestId"] for entry in _entries(request)]
        for request in server.requests
    ]
    assert sent == [["0", "1", "2", "3", "4"], ["1", "3"], ["3"]]


def test_an_entry_that_is_the_senders_fault_is_rejected_at_once(
    server: ScriptedServer, against: Against
) -> None:
    failed = [{"Id": "0", "SenderFault": True, "Code": "InvalidMessageContents"}]
    server.script = lambda request: json_answer({"Successful": [], "Failed": failed})  # noqa: ARG005
    with pytest.raises(RequestRejected, match="InvalidMessageContents"):
        _queue(server, against).send_many([_job("1")])
    assert len(server.requests) == 1


def test_a_queue_that_stays_throttled_raises(server: ScriptedServer, against: Against) -> None:
    refused = json_answer({"__type": "com.amazonaws.sqs#RequestThrottled", "message": "no"}, 400)
    server.script = lambda request: refused  # noqa: ARG005
    with pytest.raises(Throttled):
        _queue(server, against).send(_job("1"))
    assert len(server.requests) == 5
