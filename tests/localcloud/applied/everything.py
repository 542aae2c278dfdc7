"""One pass over all that the stack is made of: what Terraform leaves out must be missed here."""

from tests.conformance.raw import RawClient
from tests.conformance.stack import Stack

TOPIC = "questions"


async def everything_works(stack: Stack) -> None:
    """Check that every route, function, source and index does its part. Raises AssertionError."""
    speaker, session_id = await _opened(stack)
    listener = await _joined(stack, session_id)
    await _talks(speaker, listener)
    await _works_in_the_background(speaker)
    await _is_told_by_the_clock(stack, speaker)
    await _leaves(stack, speaker, listener, session_id)
    await _ends(stack, speaker, session_id)


async def _opened(stack: Stack) -> tuple[RawClient, str]:
    """Create a session in the handshake: its reply is a job of the queue."""
    token = await stack.token()
    speaker = await stack.connect(
        token, role="speaker", action="createSession", sourceLanguage="en"
    )
    created = await speaker.next("sessionCreated")
    return speaker, created["sessionId"]


async def _joined(stack: Stack, session_id: str) -> RawClient:
    listener = await stack.connect(action="joinSession", sessionId=session_id, targetLanguage="es")
    await listener.next("sessionJoined", sessionId=session_id)
    return listener


async def _talks(speaker: RawClient, listener: RawClient) -> None:
    accepted = await speaker.done("broadcast", data={"text": "Hello"})
    assert accepted["recipients"] == 1, accepted
    await listener.next("broadcast", seq=accepted["seq"])
    await listener.done("subscribe", topic=TOPIC)
    published = await speaker.done("publish", topic=TOPIC, data="?")
    assert published["recipients"] == 1, published
    await listener.next("topicMessage", topic=TOPIC)
    recovered = await listener.done("recover", lastSeq={"*": 0})
    assert [each["seq"] for each in recovered["missed"]] == [1], recovered


async def _works_in_the_background(speaker: RawClient) -> None:
    accepted = await speaker.done("submitRequest", request="sessionReport")
    await speaker.next("requestCompleted", requestId=accepted["requestId"])


async def _is_told_by_the_clock(stack: Stack, speaker: RawClient) -> None:
    """Check the rules (periodic status, idle client) and the stream (a new language)."""
    await stack.advance(61)
    await speaker.next("sessionStatus", updateReason="periodic")
    french = await stack.listener((await speaker.done("getSessionStatus"))["sessionId"], "fr")
    await stack.advance(5)
    await speaker.next("sessionStatus", updateReason="newLanguage")
    for _ in range(4):
        await stack.advance(50)
        await speaker.caught_up()
    await french.next("connectionTimeout")
    for name in ("sweep_connections", "publish_status", "reconcile_counts"):
        assert await stack.here.call("POST", f"/schedules/{name}") is not None


async def _leaves(stack: Stack, speaker: RawClient, listener: RawClient, session_id: str) -> None:
    """Check that a closed socket is removed from every table."""
    again = await stack.listener(session_id, "de")
    await again.done("subscribe", topic=TOPIC)
    await again.close()
    await listener.close()
    await stack.advance(0)
    assert await stack.count(speaker) == 0
    state = await stack.state()
    left = [each for each in state["connections"] if each.get("sessionId") == session_id]
    assert len(left) == 1, left
    assert not [each for each in state["subscriptions"] if session_id in each["topicKey"]]


async def _ends(stack: Stack, speaker: RawClient, session_id: str) -> None:
    last = await stack.listener(session_id, "pt")
    await speaker.done("endSession")
    await last.next("sessionEnded", sessionId=session_id)
    await stack.advance(0)
    stored = await stack.stored_session(session_id)
    assert (stored["isActive"], stored["listenerCount"]) == (False, 0)
