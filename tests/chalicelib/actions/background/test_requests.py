"""Work in the background: run, told, and moved with its client."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.actions.background.run import Progress, Work, request_type
from chalicelib.actions.services import Services
from chalicelib.errors import ServiceDown
from chalicelib.stores.requests import BackgroundRequest
from tests.chalicelib.actions.background.work import outcomes, register
from tests.stack import Stack


def test_a_new_kind_of_request_is_one_function(stack: Stack, kinds: dict[str, Work]) -> None:
    @request_type("shout")
    def shout(
        _s: Services, _r: BackgroundRequest, params: Mapping[str, Any], progress: Progress
    ) -> dict[str, Any]:
        progress(50)
        return {"said": params["text"].upper()}

    assert kinds["shout"] is shout
    _, session_id = stack.session()
    listener = stack.listener(session_id)

    accepted = listener.send("submitRequest", request="shout", params={"text": "hi"})
    stack.run_jobs()

    (progress,) = listener.of_type("requestProgress")
    (completed,) = listener.of_type("requestCompleted")
    assert (progress["requestId"], progress["percentage"]) == (accepted["requestId"], 50)
    assert (completed["requestId"], completed["result"]) == (accepted["requestId"], {"said": "HI"})


def test_progress_is_told_ten_times_a_second_at_most(stack: Stack, kinds: dict[str, Work]) -> None:
    def work(_s: Services, _r: BackgroundRequest, _p: Any, progress: Progress) -> None:
        for percentage in range(100):
            progress(percentage)
            stack.clock.advance(0.01)

    speaker, _ = stack.session()
    speaker.send("submitRequest", request=register(kinds, work))

    stack.run_jobs()

    told = [each["percentage"] for each in speaker.of_type("requestProgress")]
    assert told == list(range(0, 100, 10))


def test_a_request_of_an_unknown_kind_fails_and_says_what_there_is(stack: Stack) -> None:
    speaker, _ = stack.session()

    reply = speaker.send("submitRequest", request="makeCoffee")
    stack.clock.advance(1)
    stack.run_jobs()

    assert (reply["type"], reply["request"]) == ("requestAccepted", "makeCoffee")
    (failed,) = speaker.of_type("requestFailed")
    assert (failed["requestId"], failed["code"]) == (reply["requestId"], "INVALID_MESSAGE")
    assert "sessionReport" in failed["message"]
    (item,) = stack.items("requests")
    assert item["status"] == "failed"


def test_work_that_refuses_fails_its_request_with_the_reason(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    listener.send("submitRequest", request="sessionReport")

    stack.run_jobs()

    (failed,) = listener.of_type("requestFailed")
    assert failed["code"] == "FORBIDDEN"
    assert failed["message"] == "only the speaker may see the report of a session"


def test_a_bug_in_the_work_fails_its_request_and_not_its_job(
    stack: Stack, kinds: dict[str, Work]
) -> None:
    def work(_s: Services, _r: BackgroundRequest, params: Any, _progress: Progress) -> None:
        raise KeyError(params["what"])

    speaker, _ = stack.session()
    speaker.send("submitRequest", request=register(kinds, work), params={"what": "is it"})

    stack.run_jobs()

    (failed,) = speaker.of_type("requestFailed")
    assert failed["code"] == "INTERNAL_ERROR"
    assert "is it" not in failed["message"]
    assert "requestFailed" in [event.get("event") for event in stack.events()]


def test_a_result_that_fits_in_no_message_fails_its_request(
    stack: Stack, kinds: dict[str, Work]
) -> None:
    speaker, _ = stack.session()
    speaker.send("submitRequest", request=register(kinds, lambda *_: "x" * 131_000))

    stack.run_jobs()

    (failed,) = speaker.of_type("requestFailed")
    assert failed["code"] == "PAYLOAD_TOO_LARGE"


def test_work_that_meets_an_outage_is_retried(stack: Stack, kinds: dict[str, Work]) -> None:
    outages = [ServiceDown("a table")]

    def work(*_: Any) -> str:
        if outages:
            raise outages.pop()
        return "done"

    speaker, _ = stack.session()
    speaker.send("submitRequest", request=register(kinds, work))
    (job,) = stack.jobs.take_due()

    assert not stack.try_job(job)
    assert outcomes(speaker) == []
    assert stack.try_job(job)
    assert speaker.of_type("requestCompleted")[0]["result"] == "done"


@pytest.mark.parametrize("kind", ["completes", "fails"])
def test_killed_between_any_two_calls_a_request_still_ends_and_its_client_is_told(
    stack: Stack, kinds: dict[str, Work], kind: str
) -> None:
    def work(_s: Services, _r: BackgroundRequest, _p: Any, progress: Progress) -> str:
        progress(1)
        if kind == "fails":
            raise ValueError
        return "done"

    name = register(kinds, work)
    lived, calls = False, 0
    while not lived:
        speaker, _ = stack.session(f"speaker-{calls}")
        speaker.send("submitRequest", request=name)
        (job,) = stack.jobs.take_due()
        with stack.outside.killed_after(calls):
            stack.run_job(job)
            lived = True

        assert stack.try_job(job)
        assert stack.try_job(job)

        ends = [end for end in outcomes(speaker) if end != "requestProgress"]
        assert ends[:1] == ["requestCompleted" if kind == "completes" else "requestFailed"]
        assert len(ends) <= 2, f"killed after {calls} calls"
        calls += 1
    assert calls > 3


def test_without_a_queue_no_request_is_left_that_would_never_run(stack: Stack) -> None:
    speaker, _ = stack.session()
    stack.jobs.broken = True

    reply = speaker.send("submitRequest", request="sessionReport")

    assert reply["code"] == "SERVICE_UNAVAILABLE"
    assert [each["status"] for each in stack.items("requests")] == ["cancelled"]


def test_a_request_and_a_subscription_follow_a_refresh(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("subscribe", topic="questions")
    request_id = speaker.send("submitRequest", request="sessionReport")["requestId"]

    fresh = stack.speaker()
    fresh.send("refreshConnection", sessionId=session_id, role="speaker")
    speaker.close()
    stack.run_jobs()

    (completed,) = fresh.of_type("requestCompleted")
    assert completed["requestId"] == request_id
    stack.listener(session_id).send("publish", topic="questions", data="why?")
    assert len(fresh.of_type("topicMessage")) == 1


def test_a_finished_request_stays_with_its_connection(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("submitRequest", request="sessionReport")
    stack.run_jobs()

    fresh = stack.speaker()
    fresh.send("refreshConnection", sessionId=session_id, role="speaker")

    (request,) = stack.items("requests")
    assert request["connectionId"] == speaker.connection_id
