"""A model of each client's session, learned from its own replies alone.

The tables are compared with it: a client that knows that it is in a session is counted there, in
its language; one that knows that it is not, isn't. A client without a reply is unsure until
its next one.
"""

from dataclasses import dataclass, field

from tests.invariants.world import Snapshot, World
from tests.stack import Client, Json

_ENTERED = {"sessionCreated", "sessionJoined", "connectionRefreshComplete"}
_LEFT = {"sessionLeft", "sessionEnded"}


@dataclass
class Place:
    """The session that a client knows it is in; `sure` is False after a message without a reply."""

    session_id: str | None = None
    language: str | None = None
    sure: bool = True


@dataclass
class Model:
    world: World
    places: dict[str, Place] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    """Sessions whose speaker was told that they have ended."""

    def place(self, client: Client) -> Place:
        return self.places.setdefault(client.connection_id, Place())

    def learn(self, client: Client, reply: Json | None) -> None:
        """Update the model by the reply to a client. None: no reply, or none to rely on."""
        place = self.place(client)
        if reply is None or (reply["type"] == "error" and reply["status"] >= 500):
            place.sure = False
        elif reply["type"] in _ENTERED:
            language = reply.get("targetLanguage")
            self.places[client.connection_id] = Place(reply["sessionId"], language)
        elif reply["type"] == "languageChanged":
            self.places[client.connection_id] = Place(reply["sessionId"], reply["targetLanguage"])
        elif reply["type"] in _LEFT:
            self.places[client.connection_id] = Place()
            if reply["type"] == "sessionEnded":
                self.ended.add(reply["sessionId"])

    def doubt(self, client: Client) -> None:
        """Something happened to a client that it cannot know the outcome of."""
        self.place(client).sure = False

    def compare(self, state: Snapshot) -> list[str]:
        """Return the differences between the tables, all work done, and what open clients know."""
        problems = [
            f"model: {session_id} has ended for its speaker, and goes on"
            for session_id in self.ended & state["sessions"].keys()
            if state["sessions"][session_id]["isActive"]
        ]
        for client in filter(self.world.is_open, self.world.clients):
            place = self.place(client)
            item = state["connections"].get(client.connection_id, {})
            if not place.sure or "supersededBy" in item:
                continue
            actual = item.get("sessionId"), item.get("targetLanguage")
            if actual != self._expected(place, state):
                problems.append(f"model: {client.connection_id} knows {place}, is in {actual}")
        return problems

    def _expected(self, place: Place, state: Snapshot) -> tuple[str | None, str | None]:
        session = state["sessions"].get(place.session_id or "")
        if session is None or not session["isActive"]:
            return None, None
        return place.session_id, place.language
