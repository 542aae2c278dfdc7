"""A session of five hours: everybody refreshes three times when asked to, and nothing is missed."""

from collections import Counter
from typing import Any

import pytest

from tests.stack import Client, Stack

HOURS = 5.2  # until the last listener has refreshed for the third time
STEP = 100  # seconds: less than the time-out, and no divisor of anything
LANGUAGES = ("es", "fr", "de", "pt")
GATEWAY_CUTS_AT = 120 * 60


class Participant:
    """A client as the SDKs are: it refreshes when it is asked, and drops the old socket then."""

    def __init__(self, stack: Stack, session_id: str, language: str | None) -> None:
        self._stack = stack
        self._session_id = session_id
        self._language = language
        self.refreshes = 0
        self.heard: list[int] = []
        self.said_to: list[dict[str, Any]] = []
        self.socket: Client

    def joins(self) -> "Participant":
        self.socket = self._stack.connect()
        fields = {"sessionId": self._session_id, "targetLanguage": self._language}
        self._token = self.socket.send("joinSession", **fields)["resumeToken"]
        return self

    def lives(self) -> None:
        """One heartbeat, and what came since the last."""
        assert self.socket.send("heartbeat")["type"] == "heartbeatAck"
        said, self.socket.received[:] = self.socket.received[:], []
        self.said_to += said
        self.heard += [each["seq"] for each in said if each["type"] == "broadcast"]
        if any(each["type"] == "connectionRefreshRequired" for each in said):
            self._refreshes()

    def _refreshes(self) -> None:
        old, self.refreshes = self.socket, self.refreshes + 1
        fields: dict[str, Any] = {"sessionId": self._session_id, "role": "speaker"}
        if self._language is None:
            self.socket = self._stack.speaker()
        else:
            self.socket = self._stack.connect()
            fields |= {"role": "listener", "targetLanguage": self._language}
            fields["resumeToken"] = self._token
        reply = self.socket.send("refreshConnection", **fields)
        assert reply["type"] == "connectionRefreshComplete", reply
        self._token = reply["resumeToken"]
        old.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", [6, pytest.param(20, marks=pytest.mark.nightly)])
def test_five_hours_with_three_refreshes_of_a_speaker_and_all_listeners(
    stack: Stack, size: int
) -> None:
    first, session_id = stack.session()
    speaker = Participant(stack, session_id, None)
    speaker.socket = first
    room = [Participant(stack, session_id, LANGUAGES[n % 4]).joins() for n in range(size)]
    expected = Counter(LANGUAGES[n % 4] for n in range(size))

    steps = int(HOURS * 3600) // STEP
    for step in range(1, steps + 1):
        stack.clock.advance(STEP)
        for each in (speaker, *room):
            each.lives()
            assert stack.clock.now - each.socket.connected_at < GATEWAY_CUTS_AT * 1000
        assert stack.counts(session_id) == (size, expected)
        assert speaker.socket.send("broadcast", data=step)["seq"] == step
        if step % 3 == 0:
            stack.sweep()

    assert {each.refreshes for each in (speaker, *room)} == {3}
    assert stack.sockets.closed == []
    for each in room:
        each.lives()
        assert each.heard == list(range(1, steps + 1))
    types = {message["type"] for each in (speaker, *room) for message in each.said_to}
    assert "sessionEnded" not in types
    assert len(stack.items("connections")) == size + 1
