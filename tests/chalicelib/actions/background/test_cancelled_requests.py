"""A cancelled request stops and sends nothing more."""

from typing import Any

from chalicelib.actions.background.run import Progress, Work
from chalicelib.actions.services import Services
from chalicelib.stores.requests import BackgroundRequest
from tests.chalicelib.actions.background.work import outcomes, register
from tests.stack import Stack


def test_only_the_client_that_submitted_a_request_cancels_it(stack: Stack) -> None:
    speaker, session_id = stack.session()
    stranger = stack.listener(session_id)
    request_id = speaker.send("submitRequest", request="sessionReport")["requestId"]

    assert stranger.send("cancelRequest", requestId=request_id)["code"] == "REQUEST_NOT_FOUND"
    assert speaker.send("cancelRequest", requestId=request_id)["type"] == "requestCancelled"
    stack.run_jobs()

    assert speaker.of_type("requestCompleted") == []
    assert speaker.send("cancelRequest", requestId=request_id)["code"] == "REQUEST_NOT_FOUND"


def test_a_request_of_an_unknown_kind_can_be_cancelled(stack: Stack) -> None:
    speaker, _ = stack.session()
    reply = speaker.send("submitRequest", request="makeCoffee")

    stack.run_jobs()
    cancelled = speaker.send("cancelRequest", requestId=reply["requestId"])
    stack.clock.advance(1)
    stack.run_jobs()

    assert cancelled["type"] == "requestCancelled"
    assert speaker.of_type("requestFailed") == []


def test_a_request_that_is_cancelled_stops_at_its_next_progress(
    stack: Stack, kinds: dict[str, Work]
) -> None:
    reached: list[str] = []

    def work(_s: Services, request: BackgroundRequest, _p: Any, progress: Progress) -> None:
        progress(10)
        reply = speaker.send("cancelRequest", requestId=request.request_id)
        assert reply["type"] == "requestCancelled"
        stack.clock.advance(1)
        progress(20)
        reached.append("too far")

    speaker, _ = stack.session()
    speaker.send("submitRequest", request=register(kinds, work))

    stack.run_jobs()

    assert reached == []
    assert outcomes(speaker) == ["requestProgress"]


def test_the_requests_of_a_connection_that_goes_are_cancelled_and_counted(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    for _ in range(3):
        listener.send("submitRequest", request="sessionReport")
    stack.run_jobs()
    for _ in range(2):
        listener.send("submitRequest", request="sessionReport")

    listener.close()

    statuses = sorted(each["status"] for each in stack.items("requests"))
    assert statuses == ["cancelled"] * 2 + ["failed"] * 3
    assert [e["RequestsCancelled"] for e in stack.events() if "RequestsCancelled" in e] == [2]


def test_a_job_that_comes_again_for_a_cancelled_request_tells_nothing(stack: Stack) -> None:
    speaker, _ = stack.session()
    request_id = speaker.send("submitRequest", request="sessionReport")["requestId"]
    (job,) = stack.jobs.take_due()
    speaker.send("cancelRequest", requestId=request_id)

    assert stack.try_job(job)
    stack.delete("requests", requestId=request_id)
    assert stack.try_job(job)

    assert outcomes(speaker) == []
