"""Work in the background: run, told, cancelled, and moved with its client."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib import handlers, wiring
from chalicelib.actions import report, requests
from chalicelib.actions.requests import Progress, Work
from chalicelib.actions.services import Services
from chalicelib.domain.types import SessionId
from chalicelib.errors import ServiceDown
from chalicelib.stores.requests import BackgroundRequest
from tests.chalicelib.actions.test_delivery import NoQueue
from tests.stack import Client, Stack


@pytest.fixture
def kinds() -> Iterator[dict[str, Work]]:
    """The registered kinds of request; those that a test adds are forgotten after it."""
    before = dict(requests.registry)
    yield requests.registry
    requests.registry.clear()
    requests.registry.update(before)


def register(kinds: dict[str, Work], work: Any) -> str:
    kinds["test"] = work
    return "test"


def jobs_of(stack: Stack) -> list[dict[str, Any]]:
    return stack.jobs.take_due()


def run(stack: Stack, job: Mapping[str, Any]) -> list[Any]:
    """Runs one job; answers which failed."""
    record = {"messageId": "1", "body": json.dumps(job)}
    failures: list[Any] = handlers.jobs({"Records": [record]}, stack.context)["batchItemFailures"]
    return failures


def outcomes(client: Client) -> list[str]:
    return [each["type"] for each in client.received if each["type"].startswith("request")]


def test_a_new_kind_of_request_is_one_function(stack: Stack, kinds: dict[str, Work]) -> None:
    @requests.request_type("shout")
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


def test_work_that_meets_an_outage_comes_again(stack: Stack, kinds: dict[str, Work]) -> None:
    outages = [ServiceDown("a table")]

    def work(*_: Any) -> str:
        if outages:
            raise outages.pop()
        return "done"

    speaker, _ = stack.session()
    speaker.send("submitRequest", request=register(kinds, work))
    (job,) = jobs_of(stack)

    assert run(stack, job) != []
    assert outcomes(speaker) == []
    assert run(stack, job) == []
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
        (job,) = jobs_of(stack)
        with stack.outside.killed_after(calls):
            run(stack, job)
            lived = True

        assert run(stack, job) == []
        assert run(stack, job) == []

        ends = [end for end in outcomes(speaker) if end != "requestProgress"]
        assert ends[:1] == ["requestCompleted" if kind == "completes" else "requestFailed"]
        assert len(ends) <= 2, f"killed after {calls} calls"
        calls += 1
    assert calls > 3


def test_without_a_queue_nothing_is_left_that_would_never_run(stack: Stack) -> None:
    speaker, _ = stack.session()
    wiring.install(replace(stack.services, jobs=NoQueue()))

    reply = speaker.send("submitRequest", request="sessionReport")

    assert reply["code"] == "SERVICE_UNAVAILABLE"
    assert [each["status"] for each in stack.items("requests")] == ["cancelled"]


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


def test_a_job_that_comes_again_for_a_cancelled_request_tells_nothing(stack: Stack) -> None:
    speaker, _ = stack.session()
    request_id = speaker.send("submitRequest", request="sessionReport")["requestId"]
    (job,) = jobs_of(stack)
    speaker.send("cancelRequest", requestId=request_id)

    assert run(stack, job) == []
    stack.database.call(
        "DeleteItem",
        {"TableName": stack.aws.tables["requests"], "Key": {"requestId": {"S": request_id}}},
    )
    assert run(stack, job) == []

    assert outcomes(speaker) == []


def test_what_is_over_stays_with_the_connection_that_asked_for_it(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("submitRequest", request="sessionReport")
    stack.run_jobs()

    fresh = stack.speaker()
    fresh.send("refreshConnection", sessionId=session_id, role="speaker")

    (request,) = stack.items("requests")
    assert request["connectionId"] == speaker.connection_id


def test_a_subscription_that_ends_while_it_is_moved_is_not_made_anew(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("subscribe", topic="questions")
    key = {
        "topicKey": {"S": f"{session_id}#questions"},
        "connectionId": {"S": speaker.connection_id},
    }
    table = stack.aws.tables["subscriptions"]

    def end() -> None:
        stack.database.call("DeleteItem", {"TableName": table, "Key": key})

    fresh = stack.speaker()
    stack.database.before("GetItem", end, table)
    fresh.send("refreshConnection", sessionId=session_id, role="speaker")

    assert stack.items("subscriptions") == []


def test_a_report_tells_the_peak_and_the_languages_over_time(stack: Stack) -> None:
    speaker, session_id = stack.session()
    spanish, _ = stack.listener(session_id, "es"), stack.listener(session_id, "fr")
    stack.run_changes()
    stack.advance(10)
    spanish.close()
    stack.run_changes()
    speaker.send("broadcast", data="x", targetLanguage="fr")
    speaker.send("submitRequest", request="sessionReport")

    stack.run_jobs()

    told = speaker.of_type("requestCompleted")[0]["result"]
    assert (told["joins"], told["leaves"], told["listeners"], told["peak"]) == (2, 1, 1, 2)
    assert [each["languages"] for each in told["languagesOverTime"]] == [
        {"es": 1, "fr": 1},
        {"fr": 1},
    ]
    assert (told["duration"], told["broadcasts"]) == (10, {"fr": 1})


def test_the_report_of_a_long_session_fits_in_a_message(stack: Stack) -> None:
    speaker, session_id = stack.session()
    session = stack.services.sessions.get(SessionId(session_id))
    assert session is not None
    languages = {f"{first}{second}": 1 for first in "abcdefgh" for second in "abcdefgh"}
    for number in range(300):
        stack.clock.advance(1)
        room = replace(session, language_counts=languages, listener_count=number % 100)
        report.sample(stack.services, session.session_id, [room])
    speaker.send("submitRequest", request="sessionReport")

    stack.run_jobs()

    told = speaker.of_type("requestCompleted")[0]["result"]
    times = [each["at"] for each in told["languagesOverTime"]]
    assert told["peak"] == 99
    assert times[-1] == stack.clock.now
    assert times == sorted(times)
    assert 50 < len(times) < 300
