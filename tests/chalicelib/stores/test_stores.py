"""The contract of the stores, as far as the tests of the actions do not cover it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.errors import TransactionCancelled
from chalicelib.stores.attributes import from_attributes, to_attribute, to_attributes
from chalicelib.stores.history import HistoryEntry
from chalicelib.stores.membership import TransactionItem
from tests.stack import Stack

values = st.recursive(
    st.booleans() | st.text() | st.integers(-(10**30), 10**30) | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(item=st.dictionaries(st.text(), values))
def test_an_item_survives_encoding_and_decoding(item: dict[str, Any]) -> None:
    assert from_attributes(to_attributes(item)) == item


def test_none_is_left_out_of_an_item_and_unknown_types_are_refused() -> None:
    assert to_attributes({"a": None, "b": ["x"]}) == {"b": {"L": [{"S": "x"}]}}
    with pytest.raises(TypeError):
        to_attribute(b"bytes")


def test_a_lease_has_one_holder_until_it_is_released_or_expires(stack: Stack) -> None:
    leases, now = stack.services.leases, stack.clock.now

    assert leases.acquire("sweep", "anna", now, 10)
    assert not leases.acquire("sweep", "berta", now, 10)
    assert leases.acquire("sweep", "anna", now, 10)
    leases.release("sweep", "berta")
    assert not leases.acquire("sweep", "berta", now, 10)
    leases.release("sweep", "anna")
    assert leases.acquire("sweep", "berta", now, 10)
    stack.clock.advance(10)
    assert leases.acquire("sweep", "carla", stack.clock.now, 10)


def test_counters_of_a_window_are_forgotten_after_it(stack: Stack) -> None:
    limits, now = stack.services.rate_limits, stack.clock.now

    counts = [limits.count("join", "address", "a", 60, now) for _ in range(3)]

    assert counts == [1, 2, 3]
    (item,) = stack.items("rate_limits")
    assert item["bucket"] == f"join:address:a:{now // 60_000}"
    assert now // 1000 < item["expiresAt"] <= now // 1000 + 120


def test_no_write_re_creates_a_deleted_item(stack: Stack) -> None:
    """Every write to a session or a connection is conditional."""
    services, gone = stack.services, SessionId("calm-oak-123")
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    connection = services.connections.get_current(listener.connection_id)
    assert connection is not None
    totals = services.counts.totals(SessionId(session_id))
    for shard in stack.shards(session_id):
        stack.delete("counts", sessionId=session_id, shard=int(shard["shard"]))
    for label in ("sessions", "connections"):
        name = label.removesuffix("s") + "Id"
        for item in stack.items(label):
            stack.delete(label, **{name: item[name]})
    nobody = ConnectionId("C9=")

    assert not services.sessions.end(gone, "expired", stack.clock.now)
    assert services.sessions.start_grace(gone, nobody, stack.clock.now) is None
    assert services.sessions.switch(gone, "isMuted", True, nobody, stack.clock.now) is None
    assert not services.counts.repair(totals.shards[0], {"es": 1})
    closing = services.counts.close_call(totals.shards[0], stack.clock.now)
    assert services.together(closing) == (False,)
    assert not services.connections.finish_handshake(nobody)
    assert not services.connections.renew_token(nobody, stack.clock.now, stack.clock.now)
    services.connections.record_activity(nobody, stack.clock.now)
    services.connections.release(nobody, gone)
    with pytest.raises(TransactionCancelled):
        services.membership.remove(connection)

    assert stack.items("sessions") == stack.items("counts") == []
    assert stack.items("connections") == []


def test_a_cancelled_transaction_names_the_item_whose_condition_was_false(stack: Stack) -> None:
    speaker, session_id = stack.session()
    session = stack.services.sessions.get(SessionId(session_id))
    assert session is not None

    with pytest.raises(TransactionCancelled) as caught:
        stack.services.membership.replace_speaker(
            session,
            None,
            speaker.connection_id,
            session_expires_at=stack.clock.now,
            connection_expires_at=stack.clock.now,
        )

    assert caught.value.condition_failed(TransactionItem.CONNECTION)
    assert caught.value.condition_failed(TransactionItem.SEAT, TransactionItem.CONNECTION)
    assert not caught.value.condition_failed(TransactionItem.SESSION, TransactionItem.SEAT)


def test_a_speakers_connection_cannot_leave_as_a_listener(stack: Stack) -> None:
    speaker, _ = stack.session()
    connection = stack.services.connections.get_current(speaker.connection_id)
    assert connection is not None

    with pytest.raises(ValueError, match="not a counted listener"):
        stack.services.membership.leave(connection, None)


def test_a_listener_with_a_token_keeps_its_tenant_when_it_leaves(stack: Stack) -> None:
    _, session_id = stack.session(tenant="acme")
    _, elsewhere = stack.session("berta", "globex")
    listener = stack.connect(f"token={stack.token('lisa', 'acme')}")
    listener.send("joinSession", sessionId=session_id, targetLanguage="es")
    listener.send("leaveSession")

    refused = listener.send("joinSession", sessionId=elsewhere, targetLanguage="es")

    assert refused["status"] == 404


def test_an_anonymous_listener_loses_its_tenant_with_the_session(stack: Stack) -> None:
    _, session_id = stack.session(tenant="acme")
    _, elsewhere = stack.session("berta", "globex")
    listener = stack.listener(session_id)
    listener.send("leaveSession")
    assert listener.item is not None
    assert "tenantId" not in listener.item

    listener.send("joinSession", sessionId=elsewhere, targetLanguage="es")

    assert stack.counts(elsewhere) == (1, {"es": 1})


def test_a_query_reads_all_pages(stack: Stack) -> None:
    expires_at = Millis(stack.clock.now + 60_000)
    for seq in range(1, 13):
        kept = HistoryEntry(seq, "x" * 120_000, expires_at)
        stack.services.history.add(SessionId("golden-eagle-427"), "*", kept)

    found = stack.services.history.after(SessionId("golden-eagle-427"), "*", 0)

    assert [each.seq for each in found] == list(range(1, 13))
