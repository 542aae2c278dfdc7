"""A session with everybody that the acts need, all work of it done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from chalicelib import handlers
from chalicelib.domain.types import ConnectionId
from tests.handshakes import connect_parameters
from tests.invariants.interleaving.defects import Defect
from tests.invariants.interleaving.stage import Stage
from tests.stack import Client, Json

T = TypeVar("T")


@dataclass
class Room:
    """The clients of one session; `once` keeps what several acts of a cell prepare together."""

    stage: Stage
    session_id: str
    speaker: Client
    listeners: list[Client]
    newcomers: list[Client]
    successors: list[Client]
    handshakes: list[Client]
    _made: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def fresh(cls, defect: Defect | None = None, **environ: str) -> "Room":
        """Open a session in which two listen in one language and one in another."""
        stage = Stage(defect, **environ)
        speaker, session_id = stage.session()
        languages = ("es", "es", "fr")
        listeners = [stage.listener(session_id, language) for language in languages]
        speaker.send("broadcast", data={"of": session_id, "number": 0})
        stage.drain()
        stage.clock.advance(6)
        newcomers = [stage.connect() for _ in range(2)]
        successors = [stage.speaker() for _ in range(2)]
        handshakes = [_unopened(stage, number) for number in range(2)]
        return cls(stage, session_id, speaker, listeners, newcomers, successors, handshakes)

    def once(self, name: Any, make: Callable[[], T]) -> T:
        """Return what `make` returned when it was first called under this name."""
        if name not in self._made:
            self._made[name] = make()
        return cast("T", self._made[name])

    def forget(self) -> None:
        """Forget what acts have prepared: their state was taken back."""
        self._made.clear()

    def said(self) -> Json:
        """Return the data of a broadcast, which no other has."""
        numbers = self.once("numbers", lambda: iter(range(1, 1000)))
        return {"of": self.session_id, "number": next(numbers)}

    def open(self, client: Client, query: str) -> Json:
        """Handle a handshake. The socket is open once it has returned."""
        stage = self.stage
        event = {
            "requestContext": stage.where(client, "CONNECT"),
            **connect_parameters(query, {}),
        }
        answer = handlers.connect(event, stage.context)
        if answer["statusCode"] == 200:
            stage.sockets.open.setdefault(client.connection_id, [])
            if client not in stage.acting:
                stage.acting.append(client)
        return answer

    def job(self, kind: str) -> Json:
        """Take a job of a kind from the queue."""
        for entry in self.stage.jobs.waiting:
            if entry[1]["kind"] == kind:
                self.stage.jobs.waiting.remove(entry)
                return entry[1]
        raise LookupError(kind)


def _unopened(stage: Stage, number: int) -> Client:
    client = Client(stage, ConnectionId(f"H{number}="), "198.51.100.7", stage.clock.now)
    stage.clients.append(client)
    return client
