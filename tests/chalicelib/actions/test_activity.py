"""Who has been heard of late is not closed as silent (PROTOCOL 6.4)."""

import pytest

from tests.stack import Stack


@pytest.mark.parametrize(
    "text",
    ['{"action":"pauseBroadcast"}', '{"action":"ping"}', '{"action":"recover","lastSeq":7}', "hm"],
)
def test_who_is_refused_has_been_heard_all_the_same(stack: Stack, text: str) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    for _ in range(4):
        stack.clock.advance(50)
        assert listener.send_text(text)["type"] == "error"

    stack.sweep()

    assert not listener.of_type("connectionTimeout")
    assert listener.item is not None
