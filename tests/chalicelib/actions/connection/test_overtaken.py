"""A refresh is still running when its socket is cut, and the client refreshes over another one.

Whatever is handled first, the socket that was opened last has the session in the end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stack import Client, Stack

ROLES = pytest.mark.parametrize("role", ["speaker", "listener"])


@dataclass
class Twice:
    """One client: its socket in the session, the one that was cut, and the next one."""

    stack: Stack
    role: str
    session_id: str
    token: str
    old: Client
    cut: Client
    newer: Client

    def refresh(self, client: Client) -> Any:
        fields = {"sessionId": self.session_id, "role": self.role, "resumeToken": self.token}
        if self.role == "listener":
            fields["targetLanguage"] = "es"
        return client.send("refreshConnection", **fields)

    def goes_on(self) -> bool:
        """Return whether the newest socket has the session, and keeps it when the others close."""
        self.cut.close(1006)
        self.old.close(1006)
        self.stack.advance(60)
        if self.role == "listener" and self.stack.counts(self.session_id) != (1, {"es": 1}):
            return False
        in_session = (self.newer.item or {}).get("sessionId") == self.session_id
        return in_session and self.newer.send("heartbeat")["type"] == "heartbeatAck"


@pytest.fixture
def twice(stack: Stack, role: str) -> Twice:
    speaker, session_id = stack.session()
    old = speaker if role == "speaker" else stack.connect()
    token = speaker.replies[0]["resumeToken"]
    if role == "listener":
        fields = {"sessionId": session_id, "targetLanguage": "es"}
        token = old.send("joinSession", **fields)["resumeToken"]
    connect: Callable[[], Client] = stack.speaker if role == "speaker" else stack.connect
    stack.clock.advance(0.02)
    cut = connect()
    stack.clock.advance(0.02)
    return Twice(stack, role, session_id, token, old, cut, connect())


@ROLES
@pytest.mark.parametrize("old", ["open", "closed"])
def test_of_two_requests_side_by_side_the_later_socket_has_the_session(
    twice: Twice, old: str
) -> None:
    if old == "closed":
        twice.old.close(1006)
    twice.stack.database.before("TransactWriteItems", lambda: twice.refresh(twice.cut))

    reply = twice.refresh(twice.newer)

    assert twice.cut.replies[-1]["type"] == "connectionRefreshComplete"
    assert reply["type"] == "connectionRefreshComplete"
    assert twice.goes_on()


@ROLES
def test_the_older_of_two_side_by_side_gives_way(twice: Twice) -> None:
    twice.stack.database.before("TransactWriteItems", lambda: twice.refresh(twice.newer))

    late = twice.refresh(twice.cut)

    assert (late["status"], late["code"]) == (403, "FORBIDDEN")
    assert twice.goes_on()
