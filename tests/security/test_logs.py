"""Whatever happens on a whole stack, no secret, token, address, payload or connection id is in a
log line or a metric, at any level. `tests/chalicelib/telemetry/test_secrecy.py` tries telemetry
itself; here it is what the handlers really log.
"""

import json
import uuid
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import handlers
from chalicelib.errors import ServiceDown
from tests.security.watched import Watched
from tests.stack import Client, Refused

ADDRESSES = ["198.51.100.77", "2001:db8:85a3::8a2e:370:7334", "203.0.113.201"]
ACTS = [
    *("join", "speak", "say", "broken", "refuse", "close", "lose", "sweep", "jobs", "outage"),
    *("bug", "refresh"),
]
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 20)), min_size=5, max_size=25)


class Room:
    """A stack, its people, and everything about them that must stay among them."""

    def __init__(self) -> None:
        self.stack = Watched()
        self.secrets = {
            self.stack.environ[name]
            for name in ("JWT_SECRET", "RESUME_TOKEN_SECRET", "AWS_SECRET_ACCESS_KEY")
        }
        self.secrets |= set(ADDRESSES)
        self.people: list[Client] = []
        self.session_id = ""
        self.speak(0)

    def speak(self, number: int) -> None:
        token = self._told(self.stack.token(self._new("user")))
        speaker = self._connect({"role": "speaker", "token": token}, number)
        reply = speaker.send("createSession", sourceLanguage="en")
        self.session_id = reply["sessionId"]
        self._told(reply["resumeToken"])

    def join(self, number: int) -> None:
        client = self._connect({}, number)
        reply = client.send("joinSession", sessionId=self.session_id, targetLanguage="es")
        if "resumeToken" in reply:
            self._told(reply["resumeToken"])

    def refresh(self, number: int) -> None:
        tokens = sorted(each for each in self.secrets if each.startswith("r1."))
        fields = {"sessionId": self.session_id, "targetLanguage": "es", "role": "listener"}
        client = self._connect({}, number)
        reply = client.send("refreshConnection", resumeToken=tokens[number % len(tokens)], **fields)
        if "resumeToken" in reply:
            self._told(reply["resumeToken"])

    def say(self, number: int) -> None:
        said = {"text": self._new("payload")}
        for action in ("broadcast", "publish", "submitRequest"):
            fields: dict[str, Any] = {"data": said, "topic": "questions", "params": said}
            self._somebody(number).send(action, request=self._new("kind"), **fields)

    def broken(self, number: int) -> None:
        frames = ('{{"action":"{0}"', '{{"action":"{0}"}}', '{{"action":"join","x":"{0}"}}', "{0}")
        frame = frames[number % len(frames)].format(self._new("frame"))
        self._somebody(number).send_text(frame)

    def refuse(self, number: int) -> None:
        token = self._told(self.stack.token("anna")[:-2] + "xx")
        queries = (
            {"role": "speaker", "token": token},
            {"role": self._new("role")},
            {"action": "joinSession", "sessionId": self._new("session")},
        )
        with suppress(Refused):
            self.stack.connect_with(queries[number % 3], {"X-Forwarded-For": ADDRESSES[0]})

    def close(self, number: int) -> None:
        client = self._somebody(number)
        client.close(1006)
        self.people.remove(client)
        if not self.people:
            self.speak(number)

    def lose(self, number: int) -> None:
        self._somebody(number).close(lost=True)
        self.stack.clock.advance(130)

    def sweep(self, _: int) -> None:
        self.stack.schedule(handlers.sweep_connections)

    def jobs(self, _: int) -> None:
        self.stack.run_jobs()
        self.stack.run_changes()

    def outage(self, number: int) -> None:
        """AWS may repeat in its error what it was asked."""
        client = self._somebody(number)
        problem = ServiceDown(f"500: no answer for {client.connection_id}: '{self._new('value')}'")
        self.stack.database.fail("UpdateItem", problem)
        client.send("heartbeat")

    def bug(self, number: int) -> None:
        client = self._somebody(number)
        self.stack.database.fail("GetItem", KeyError(client.connection_id, client.address))
        client.send("publish", topic="questions", data=self._new("payload"))

    def leaks(self) -> list[tuple[str, str]]:
        """Return the secrets that were logged, each with its line."""
        written = [
            (line, json.dumps(json.loads(line), ensure_ascii=False)) for line in self.stack.lines
        ]
        return [
            (secret, line)
            for line, plain in written
            for secret in self.secrets
            if secret in line or secret in plain
        ]

    def _connect(self, query: dict[str, str], number: int) -> Client:
        address = ADDRESSES[number % len(ADDRESSES)]
        client = self.stack.connect_with(query, {"X-Forwarded-For": address}, address)
        self._told(client.connection_id)
        self.people.append(client)
        return client

    def _somebody(self, number: int) -> Client:
        return self.people[number % len(self.people)]

    def _told(self, secret: str) -> str:
        self.secrets.add(secret)
        return secret

    def _new(self, kind: str) -> str:
        return self._told(f"{kind}-{uuid.uuid4()}")


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_nothing_of_anybody_is_in_the_log(steps: list[tuple[str, int]]) -> None:
    room = Room()

    for what, number in steps:
        getattr(room, what)(number)

    assert room.leaks() == []
    assert room.stack.lines
