"""Helpers for tests of the end of a session."""

from tests.stack import Stack

HEARD = "sessionEnded"
LANGUAGES = ("es", "fr", "de")


def told(stack: Stack) -> set[str]:
    """Return the connections that have received `sessionEnded`."""
    return {
        connection_id
        for connection_id, messages in stack.sockets.open.items()
        if any(message["type"] == HEARD for message in messages)
    }


def everything_is_over(stack: Stack, session_id: str) -> bool:
    item = stack.session_item(session_id)
    return (
        not item["isActive"]
        and stack.counts(session_id) == (0, {})
        and not [each for each in stack.items("connections") if "sessionId" in each]
    )
