"""A client that has been heard lately is not closed as silent (PROTOCOL 6.4)."""

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
