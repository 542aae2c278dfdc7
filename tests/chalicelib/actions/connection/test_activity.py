"""A heartbeat is acknowledged, and a client heard lately is not closed as silent (PROTOCOL 6.4)."""

import pytest

from tests.stack import Stack


@pytest.mark.parametrize(
    "text",
    ['{"action":"pauseBroadcast"}', '{"action":"ping"}', '{"action":"recover","lastSeq":7}', "hm"],
)
def test_a_refused_message_still_counts_as_activity(stack: Stack, text: str) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    for _ in range(4):
        stack.clock.advance(50)
        assert listener.send_text(text)["type"] == "error"

    stack.sweep()

    assert not listener.of_type("connectionTimeout")
    assert listener.item is not None


def test_a_heartbeat_is_acknowledged(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    speaker.send("broadcast", data="x")
    stack.clock.advance(45)

    plain, with_seq = listener.send("heartbeat"), listener.send("heartbeat", wantSeq=True)

    assert (plain["type"], plain["connectionAge"], plain["heartbeatInterval"]) == (
        "heartbeatAck",
        45,
        50,
    )
    assert "lastSeq" not in plain
    assert with_seq["lastSeq"] == {"*": 1, "es": 0}
