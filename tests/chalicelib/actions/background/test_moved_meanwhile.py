"""A delivery in the background skips recipients that have moved elsewhere meanwhile."""

import json

from msgspec import Raw

from chalicelib.actions.broadcasting import tenant_message
from chalicelib.domain.types import TenantId
from tests.aws import Aws
from tests.chalicelib.actions.delivery.receipts import in_background
from tests.crowd import crowd
from tests.stack import Client, Json, Stack


def find_recipients(stack: Stack) -> None:
    """Run the job that finds the recipients. The jobs that post to them are due next."""
    (fan_out,) = stack.jobs.take_due()
    stack.run_job(fan_out)


def go_to(client: Client, session_id: str) -> None:
    client.send("leaveSession")
    client.send("joinSession", sessionId=session_id, targetLanguage="es")


def topic_and_tenant_are_told(stack: Stack, speaker: Client, *listeners: Client) -> list[Json]:
    """Send a message to a topic and to a tenant. Return the topic's jobs; the tenant's are due."""
    for each in listeners:
        each.send("subscribe", topic="questions")
    speaker.send("publish", topic="questions", data="only for here")
    find_recipients(stack)
    published = stack.jobs.take_due()
    word = Raw(json.dumps("to all of acme").encode())
    tenant_message.send(stack.services, TenantId("acme"), word, lambda: 30.0)
    find_recipients(stack)
    return published


def test_a_listener_that_moved_to_another_session_gets_nothing_of_the_old_one(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, here = stack.session("anna")
    _, elsewhere = stack.session("bert")
    moving, *staying = [stack.listener(here) for _ in range(3)]
    speaker.send("broadcast", data="only for here")
    find_recipients(stack)

    go_to(moving, elsewhere)
    stack.run_jobs()

    assert moving.of_type("broadcast") == []
    assert [len(each.of_type("broadcast")) for each in staying] == [1, 1]
    (completed,) = speaker.of_type("requestCompleted")
    assert completed["result"] == {"delivered": 2, "gone": 1, "slow": 0, "unsent": 0}


def test_what_a_handler_left_to_a_job_reaches_no_other_session(stack: Stack) -> None:
    speaker, here = stack.session("anna")
    _, elsewhere = stack.session("bert")
    moving, staying = stack.listener(here), stack.listener(here)
    stack.context.seconds = 2
    speaker.send("broadcast", data="only for here")
    stack.context.seconds = 30

    go_to(moving, elsewhere)
    stack.run_jobs()

    assert moving.of_type("broadcast") == []
    assert len(staying.of_type("broadcast")) == 1


def test_a_listener_that_changed_its_language_gets_nothing_more_of_the_old_one(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    changing, staying = stack.listener(session_id, "es"), stack.listener(session_id, "es")
    speaker.send("broadcast", data="hola", targetLanguage="es")
    find_recipients(stack)

    changing.send("changeLanguage", targetLanguage="fr")
    stack.run_jobs()

    assert changing.of_type("broadcast") == []
    assert len(staying.of_type("broadcast")) == 1


def test_a_listener_that_left_gets_nothing_of_the_topic_or_the_tenant(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session("anna", "acme")
    leaving, staying = stack.listener(session_id), stack.listener(session_id)
    published = topic_and_tenant_are_told(stack, speaker, leaving, staying)

    leaving.send("leaveSession")
    for job in published:
        stack.run_job(job)
    stack.run_jobs()

    assert leaving.received == []
    assert sorted(each["type"] for each in staying.received) == ["tenantMessage", "topicMessage"]


def test_a_listener_that_moved_to_another_tenant_gets_nothing_of_the_topic_or_the_tenant(
    aws: Aws,
) -> None:
    stack = in_background(aws)
    speaker, here = stack.session("anna", "acme")
    _, elsewhere = stack.session("bert", "globex")
    moving, staying = stack.listener(here), stack.listener(here)
    published = topic_and_tenant_are_told(stack, speaker, moving, staying)

    go_to(moving, elsewhere)
    moving.send("subscribe", topic="questions")
    for job in published:
        stack.run_job(job)
    stack.run_jobs()

    assert not moving.of_type("topicMessage")
    assert not moving.of_type("tenantMessage")
    assert sorted(each["type"] for each in staying.received) == ["tenantMessage", "topicMessage"]


def test_a_stale_read_leaves_no_recipient_out(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    listener = stack.connect()
    stack.hold("connections", connectionId=listener.connection_id)
    listener.send("joinSession", sessionId=session_id, targetLanguage="es")

    speaker.send("broadcast", data="x")
    stack.run_jobs()

    assert len(listener.of_type("broadcast")) == 1


def test_the_cost_of_the_check(aws: Aws) -> None:
    """One batch read for a hundred recipients; a second one only for those it would leave out."""
    stack = in_background(aws)
    speaker, session_id = stack.session()
    crowd(stack, session_id, 250)
    speaker.send("broadcast", data="x")
    find_recipients(stack)

    with stack.outside.counted() as calls:
        stack.run_jobs()

    assert calls.count("BatchGetItem") == 3
