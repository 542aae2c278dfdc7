"""An error that is caught, because its effect is repaired later, is logged with its origin."""

from collections.abc import Callable

import pytest

from chalicelib import handlers
from chalicelib.errors import ServiceDown
from chalicelib.stores.dynamodb import Operation
from tests.stack import Json, Stack


def logged_exception(stack: Stack, event: str) -> Json:
    (line,) = [line for line in stack.events() if line.get("event") == event]
    exception: Json = line["exception"]
    return exception


def refresh_while_queries_fail(stack: Stack) -> None:
    _, session_id = stack.session()
    stack.database.fail("Query", ServiceDown("500"))
    stack.speaker().send("refreshConnection", sessionId=session_id, role="speaker")


def end_halfway(stack: Stack) -> None:
    speaker, session_id = stack.session()
    stack.listener(session_id)
    stack.run_changes()
    with stack.outside.killed_after(5):
        speaker.disconnect_event(1000)
    stack.database.fail("Query", ServiceDown("500"))
    stack.changes_that_fail()


def fall_silent(stack: Stack) -> None:
    client = stack.connect()
    stack.clock.advance(120)
    stack.database.fail("GetItem", ServiceDown("500"), client.connection_id)
    stack.sweep()


def refuse_posts(stack: Stack) -> None:
    speaker, _ = stack.session()
    stack.clock.advance(100 * 60)
    stack.sockets.slow.add(speaker.connection_id)
    speaker.send("heartbeat")


def drop_without_a_queue(stack: Stack) -> None:
    speaker, _ = stack.session()
    stack.jobs.broken = True
    speaker.close(1006)


def fails(
    operation: Operation, concerns: str, act: Callable[[Stack], object]
) -> Callable[[Stack], None]:
    """Return a function that runs `act` while the next such operation of DynamoDB fails.

    `concerns`: only an operation whose request contains this text fails.
    """

    def trouble(stack: Stack) -> None:
        stack.session()
        stack.database.fail(operation, ServiceDown("500"), concerns)
        act(stack)

    return trouble


@pytest.mark.parametrize(
    ("event", "where", "trouble"),
    [
        ("refreshPartFailed", "actions/connection/refresh.py", refresh_while_queries_fail),
        ("streamPartFailed", "actions/upkeep/batches.py", end_halfway),
        ("sweepPartFailed", "actions/connection/due.py", fall_silent),
        ("postFailed", "actions/delivery/deliver.py", refuse_posts),
        ("graceWithoutJob", "actions/connection/grace.py", drop_without_a_queue),
        (
            "rateLimiterDown",
            "actions/session/limits.py",
            fails("UpdateItem", "connect:address", lambda stack: stack.connect()),
        ),
        (
            "disconnectPartFailed",
            "actions/connection/disconnect.py",
            fails("DeleteItem", "", lambda stack: stack.clients[0].disconnect_event(1006)),
        ),
        (
            "reconcilePartFailed",
            "actions/upkeep/reconcile.py",
            fails(
                "Query", "targetLanguage", lambda stack: handlers.reconcile_counts(stack.context)
            ),
        ),
        (
            "statusNotNoted",
            "actions/upkeep/status.py",
            fails("UpdateItem", "", lambda stack: handlers.publish_status(stack.context)),
        ),
    ],
)
def test_an_error_that_is_repaired_later_is_logged_with_its_origin(
    stack: Stack, event: str, where: str, trouble: Callable[[Stack], None]
) -> None:
    trouble(stack)

    exception = logged_exception(stack, event)
    assert exception["type"] in ("ServiceDown", "Throttled")
    assert exception["frames"][0].startswith(f"{where}:")
