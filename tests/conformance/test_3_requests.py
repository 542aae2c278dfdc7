"""PROTOCOL 3 and 4: work in the background."""

import pytest

from tests.conformance.stack import Stack

REQUEST = "sessionReport"


async def test_a_request_is_accepted_and_ends_with_its_result(stack: Stack) -> None:
    speaker, _ = await stack.session()
    accepted = await speaker.done("submitRequest", request=REQUEST)
    assert (accepted["type"], accepted["request"]) == ("requestAccepted", REQUEST)
    completed = await speaker.next("requestCompleted", requestId=accepted["requestId"])
    assert completed["result"] is not None
    progress = await speaker.rest("requestProgress")
    assert all(message["requestId"] == accepted["requestId"] for message in progress)


async def test_an_unknown_request_fails(stack: Stack) -> None:
    speaker, _ = await stack.session()
    accepted = await speaker.done("submitRequest", request="makeCoffee")
    failed = await speaker.next("requestFailed", requestId=accepted["requestId"])
    assert failed["code"] == "INVALID_MESSAGE"


async def test_a_request_that_fails_says_why(stack: Stack) -> None:
    _, session = await stack.session()
    listener = await stack.listener(session)
    accepted = await listener.done("submitRequest", request=REQUEST)
    failed = await listener.next("requestFailed", requestId=accepted["requestId"])
    assert failed["code"] == "FORBIDDEN"


@pytest.mark.parametrize("request_id", ["nobody", "0" * 32])
async def test_a_request_that_is_not_there_cannot_be_cancelled(
    stack: Stack, request_id: str
) -> None:
    speaker, _ = await stack.session()
    await speaker.refused("cancelRequest", "REQUEST_NOT_FOUND", requestId=request_id)


async def test_only_who_submitted_a_request_may_cancel_it(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    accepted = await speaker.done("submitRequest", request=REQUEST)
    fields = {"requestId": accepted["requestId"]}
    await listener.refused("cancelRequest", "REQUEST_NOT_FOUND", **fields)
    await speaker.next("requestCompleted", **fields)


async def test_a_request_that_is_over_cannot_be_cancelled(stack: Stack) -> None:
    speaker, _ = await stack.session()
    accepted = await speaker.done("submitRequest", request=REQUEST)
    await speaker.next("requestCompleted", requestId=accepted["requestId"])
    fields = {"requestId": accepted["requestId"]}
    await speaker.refused("cancelRequest", "REQUEST_NOT_FOUND", **fields)


async def test_a_cancelled_request_says_so_and_nothing_after_it(stack: Stack) -> None:
    speaker, _ = await stack.session()
    accepted = await speaker.done("submitRequest", request=REQUEST)
    reply = await speaker.ask("cancelRequest", requestId=accepted["requestId"])
    if reply["type"] == "error":  # it was faster
        assert reply["code"] == "REQUEST_NOT_FOUND"
        return
    assert (reply["type"], reply["requestId"]) == ("requestCancelled", accepted["requestId"])
    assert not await speaker.rest("requestCompleted", "requestFailed")
