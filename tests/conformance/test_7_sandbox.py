"""PROTOCOL 7: what a stack on one machine serves beside the socket."""

import json
from typing import Any

import pytest

from tests.conformance.raw import Refused
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


async def test_physics_are_put_in_force_shown_and_ended(stack: Stack) -> None:
    try:
        aws = await stack.here.call("POST", "/physics", {"profile": "aws"})
        assert (aws["connects_per_second"], aws["management_ms"]) == (500, 10)
        changed = await stack.here.call("POST", "/physics", {"management_ms": 1})
        assert changed == aws | {"management_ms": 1}
        assert await stack.here.call("GET", "/physics") == changed
        speaker, _ = await stack.session()
        await speaker.done("getSessionStatus")
    finally:
        await stack.here.call("DELETE", "/physics")


@pytest.mark.parametrize("body", [{"profile": "other"}, {"other_ms": 1}, {"queue_ms": -1}, {}])
async def test_unknown_physics_are_refused(stack: Stack, body: dict[str, Any]) -> None:
    status, text = await stack.here.status("POST", "/physics", json.dumps(body))
    assert status == 400
    assert "dynamodb_ms" in text or "aws" in text


@pytest.mark.parametrize(
    "headers", [{"Host": "example.com"}, {"Origin": "https://example.com"}, {"Origin": "null"}]
)
async def test_another_site_is_refused(stack: Stack, headers: dict[str, str]) -> None:
    for path in ("/state", "/token?sub=ana", "/metrics"):
        status, _ = await stack.here.status("GET", path, **headers)
        assert status == 403


async def test_a_handshake_of_another_site_is_refused(stack: Stack) -> None:
    with pytest.raises(Refused) as refused:
        await stack.open({"Origin": "https://example.com"}, ())
    assert refused.value.status == 403
    await stack.open({"Origin": "http://localhost:3000"}, ())


async def test_a_post_must_be_json(stack: Stack) -> None:
    before = await stack.advance(0)
    body = '{"advance": 600}'
    assert (await stack.here.status("POST", "/clock", body, Content_Type="text/plain"))[0] == 415
    assert (await stack.here.status("POST", "/clock", "advance=600"))[0] == 400
    assert await stack.advance(0) - before < 600_000
