"""Helpers for tests of silent clients."""

from chalicelib.domain.types import Millis
from tests.stack import Client, Stack


def silence(stack: Stack, seconds: float, *others: Client) -> None:
    """Pass `seconds` in which only `others` send heartbeats; the sweep runs each minute."""
    for _ in range(int(seconds // 60)):
        stack.clock.advance(60)
        for client in others:
            client.send("heartbeat")
    stack.clock.advance(seconds % 60)


def age(stack: Stack, clients: list[Client], seconds: int) -> None:
    """Nothing was heard of them for so long."""
    then = Millis(stack.clock.now - seconds * 1000)
    for client in clients:
        stack.services.connections.record_activity(client.connection_id, then)
