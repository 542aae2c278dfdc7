"""PROTOCOL 7: what a stack on one machine serves beside the socket."""

from tests.conformance.stack import Stack


async def test_state_has_every_item_of_every_table(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await listener.done("subscribe", topic="chat")
    await speaker.done("broadcast", data=1)
    state = await stack.state()
    assert state.keys() >= {
        "sessions",
        "connections",
        "subscriptions",
        "requests",
        "history",
        "rate_limits",
    }
    mine = [item for item in state["connections"] if item.get("sessionId") == session]
    assert sorted(item["role"] for item in mine) == ["listener", "speaker"]
    stored = await stack.stored_session(session)
    assert (stored["listenerCount"], stored["isActive"]) == (1, True)
    assert any(item["topicKey"] == f"{session}#chat" for item in state["subscriptions"])
    assert any(item["streamKey"] == f"{session}#*" for item in state["history"])


async def test_the_clock_moves_forward_by_what_was_asked(stack: Stack) -> None:
    before = await stack.advance(0)
    after = await stack.advance(10)
    assert 10_000 <= after - before < 20_000


async def test_a_schedule_can_be_run_now(stack: Stack) -> None:
    speaker, _ = await stack.session()
    await stack.here.call("POST", "/schedules/publish_status")
    await speaker.next("sessionStatus", updateReason="periodic")
    swept = await stack.here.call("POST", "/schedules/sweep_connections")
    assert swept["checked"] >= 1
    await stack.here.call("POST", "/schedules/reconcile_counts")


async def test_metrics_can_be_read(stack: Stack) -> None:
    speaker, _ = await stack.session()
    await speaker.done("getSessionStatus")
    assert await stack.here.call("GET", "/metrics")
