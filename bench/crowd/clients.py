"""Clients of a stage: a speaker and listeners, each with one socket at a time."""

import json
from collections.abc import Callable
from typing import Any

import jwt

from bench.crowd.functions import ThrottledError
from bench.crowd.stage import Stage
from chalicelib import handlers
from chalicelib.domain.types import ConnectionId, Millis
from tests.handshakes import connect_parameters

Json = dict[str, Any]
HALL = "198.51.100.7"
"""The address of everybody."""


class Client:
    """A user with a socket. Its methods wait, in a task of the simulation."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.connection_id = ConnectionId("")
        self.connected_at = Millis(0)
        self.joined: Json = {}
        """The last `sessionJoined`."""

    def connect(self, query: str = "role=listener") -> int:
        """Open a new socket. Return the status; the old socket stays as it is."""
        if not self.stage.quotas.admit_connection():
            return 429
        self.connection_id = ConnectionId(f"C{next(self.stage.ids):014d}=")
        self.connected_at = self.stage.simulation.clock()
        event = {
            "requestContext": self._context("CONNECT"),
            **connect_parameters(query, {}),
        }
        try:
            status = self.stage.functions.invoke("websocket_connect", handlers.connect, event)[
                "statusCode"
            ]
        except ThrottledError:
            return 500
        if status == 200:
            self.stage.sockets.open[self.connection_id] = []
        return int(status)

    def send(self, action: str, **fields: Any) -> Json:
        """Send a message and return the reply; one that a quota refuses has the type `error`."""
        if not self.stage.quotas.admit_call():
            return {"type": "error", "code": "THROTTLED"}
        body = json.dumps({"action": action, **fields})
        event = {"requestContext": self._context("MESSAGE"), "body": body}
        try:
            answer = self.stage.functions.invoke("websocket_message", handlers.message, event)
        except ThrottledError:
            return {"type": "error", "code": "CONCURRENCY"}
        reply: Json = json.loads(answer["body"])
        return reply

    def join(self, session_id: str, language: str = "es") -> Json:
        """Join, and remember the token."""
        reply = self.send("joinSession", sessionId=session_id, targetLanguage=language)
        if reply["type"] == "sessionJoined":
            self.joined = reply
        return reply

    def come_back(self) -> Json:
        """Open another socket and resume on it."""
        if self.connect() != 200:
            return {"type": "error", "code": "CONNECT"}
        return self.send(
            "refreshConnection",
            role="listener",
            sessionId=self.joined["sessionId"],
            targetLanguage=self.joined["targetLanguage"],
            resumeToken=self.joined["resumeToken"],
        )

    def hang_up(self) -> Json:
        """Close the socket, and return when the stack has handled that."""
        self.lose(1000)()
        return {"type": "closed"}

    def lose(self, code: int = 1006) -> Callable[[], None]:
        """Lose the socket. Return API Gateway's event for that, to be run as a task."""
        context = self._context("DISCONNECT") | {"disconnectStatusCode": code}
        self.stage.sockets.open.pop(self.connection_id, None)

        def disconnect() -> None:
            event = {"requestContext": context}
            self.stage.functions.invoke("websocket_disconnect", handlers.disconnect, event)

        return disconnect

    def _context(self, event_type: str) -> Json:
        return {
            "connectionId": self.connection_id,
            "connectedAt": self.connected_at,
            "eventType": event_type,
            "requestId": "L0SM9FAHPHcFjnw=",
            "identity": {"sourceIp": HALL},
        }


def speaker_of(stage: Stage) -> tuple[Client, str]:
    """Return a speaker and the id of the session that it has created."""
    claims = {"sub": "anna", "exp": stage.simulation.clock() // 1000 + 86_400}
    token = jwt.encode(claims, stage.environ["JWT_SECRET"], algorithm="HS256")
    speaker = Client(stage)

    def arrive() -> str:
        assert speaker.connect(f"role=speaker&token={token}") == 200
        return str(speaker.send("createSession", sourceLanguage="en")["sessionId"])

    return speaker, str(stage.call(arrive))


def seated(stage: Stage, session_id: str, count: int, every: float = 0.1) -> list[Client]:
    """Return listeners that have joined one after the other, with nobody in their way."""
    clients = [Client(stage) for _ in range(count)]

    def arriving(client: Client) -> Callable[[], None]:
        def arrive() -> None:
            assert client.connect() == 200
            assert client.join(session_id)["type"] == "sessionJoined"

        return arrive

    for number, client in enumerate(clients):
        stage.simulation.spawn(arriving(client), after=number * every)
    stage.settle(count * every + 5)
    return clients
