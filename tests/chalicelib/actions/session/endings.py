"""Helpers for tests of the end of a session."""

from tests.stack import Client, Stack

HEARD = "sessionEnded"
LANGUAGES = ("es", "fr", "de")


def told(stack: Stack) -> set[str]:
    """Every socket that has had its sessionEnded."""
    return {
        connection_id
        for connection_id, messages in stack.sockets.open.items()
        if any(message["type"] == HEARD for message in messages)
    }


def ids(clients: list[Client]) -> set[str]:
    return {client.connection_id for client in clients}


def everything_is_over(stack: Stack, session_id: str) -> bool:
    item = stack.session_item(session_id)
    return (
        not item["isActive"]
        and stack.counts(session_id) == (0, {})
        and not [each for each in stack.items("connections") if "sessionId" in each]
    )


def end(stack: Stack, speaker: Client, how: str) -> None:
    if how == "endSession":
        speaker.send("endSession")
    elif how == "close":
        speaker.disconnect_event(1000)
    else:
        # Everybody is heard of until the last minute.
        stack.clock.advance(7200)
        for item in stack.items("connections"):
            stack.services.connections.record_activity(item["connectionId"], stack.clock.now)
        stack.sweep()


def recover(stack: Stack, session_id: str) -> None:
    """Run what runs anyway: the stream and the queue, then the sweep."""
    stack.run_changes()
    stack.advance(2)
    if not everything_is_over(stack, session_id):
        stack.advance(60)
        stack.sweep()
