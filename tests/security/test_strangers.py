"""Every action, aimed by every kind of stranger at somebody else's session: nothing happens there.

`tests/chalicelib/actions/across/test_tenants_apart.py` has two tenants that act at random;
here are those who try what they may not, by naming what is not theirs in every field.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from chalicelib.protocol.requests import ACTIONS
from tests.security.watched import Watched
from tests.stack import Client, Json


@dataclass
class Victim:
    """A session of the tenant acme: a speaker and a listener who follow a topic, and a request."""

    stack: Watched
    speaker: Client
    listener: Client
    session_id: str
    request_id: str
    resume_token: str

    @classmethod
    def of(cls, stack: Watched) -> "Victim":
        speaker, session_id = stack.session("anna", "acme")
        listener = stack.connect(f"token={stack.token('carl', 'acme')}")
        joined = listener.send("joinSession", sessionId=session_id, targetLanguage="es")
        for client in (speaker, listener):
            client.send("subscribe", topic="questions")
        accepted = speaker.send("submitRequest", request="sessionReport")
        return cls(
            stack, speaker, listener, session_id, accepted["requestId"], joined["resumeToken"]
        )

    def belongings(self) -> list[Json]:
        """Everything in the tables that is of this session."""
        labels = ("sessions", "connections", "subscriptions", "requests", "history")
        return [item for label in labels for item in self.stack.items(label) if self._is_ours(item)]

    def heard(self) -> int:
        """Return the number of messages that its people have received."""
        return len(self.speaker.received) + len(self.listener.received)

    def _is_ours(self, item: Json) -> bool:
        named = [item.get(name, "") for name in ("sessionId", "topicKey", "streamKey")]
        return any(name.partition("#")[0] == self.session_id for name in named)


def _other_tenants_speaker(victim: Victim) -> Client:
    return victim.stack.session("anna", "globex")[0]


def _other_tenants_new_speaker(victim: Victim) -> Client:
    return victim.stack.speaker("anna", "globex")


def _other_tenants_listener(victim: Victim) -> Client:
    return victim.stack.connect(f"token={victim.stack.token('carl', 'globex')}")


def _colleague(victim: Victim) -> Client:
    """Of the same tenant, with a session of their own."""
    return victim.stack.session("bela", "acme")[0]


def _in_another_session(victim: Victim) -> Client:
    """Return an anonymous listener of another tenant's session."""
    _, session_id = victim.stack.session("bela", "globex")
    return victim.stack.listener(session_id)


STRANGERS: list[Callable[[Victim], Client]] = [
    _other_tenants_speaker,
    _other_tenants_new_speaker,
    _other_tenants_listener,
    _colleague,
    _in_another_session,
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda each: each.__name__.strip("_"))
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_stranger_changes_and_hears_nothing(
    watched: Watched, stranger: Callable[[Victim], Client], action: str
) -> None:
    victim = Victim.of(watched)
    client = stranger(victim)
    own = (client.item or {}).get("sessionId")
    before, heard = victim.belongings(), victim.heard()

    reply = client.send(action, **_everything_of(victim, client))

    assert victim.belongings() == before
    assert victim.heard() == heard
    assert reply.get("sessionId") in (None, own) or reply["type"] == "sessionCreated"
    assert victim.request_id != reply.get("requestId")
    assert watched.failures() == []


def test_who_is_in_no_session_any_more_steers_none(watched: Watched) -> None:
    victim = Victim.of(watched)
    victim.listener.send("leaveSession")
    old, new = victim.speaker, watched.speaker("anna", "acme")
    new.send("refreshConnection", sessionId=victim.session_id, role="speaker")
    before = victim.belongings()

    for client in (old, victim.listener):
        for action in sorted(ACTIONS.keys() - {"joinSession", "refreshConnection", "heartbeat"}):
            if client is old or action not in ("authenticate", "createSession"):
                assert client.send(action, **_everything_of(victim, client))["type"] == "error"

    assert victim.belongings() == before


def test_what_a_stranger_is_told_is_the_same_whether_a_request_exists_or_not(
    watched: Watched,
) -> None:
    victim = Victim.of(watched)
    client = _other_tenants_speaker(victim)

    theirs = client.send("cancelRequest", requestId=victim.request_id)
    nobodys = client.send("cancelRequest", requestId="no-such-request")

    assert theirs == nobodys
    assert theirs["code"] == "REQUEST_NOT_FOUND"


def _everything_of(victim: Victim, client: Client) -> Json:
    """Return the victim's ids in each field that an action has, and in some that none has."""
    role = (client.item or {"role": "listener"})["role"]
    return {
        "sessionId": victim.session_id,
        "role": role,
        "targetLanguage": "es",
        "sourceLanguage": "en",
        "resumeToken": victim.resume_token,
        "lastSeq": {"*": 0},
        "token": victim.stack.token("anna", "acme"),
        "volume": 0.1,
        "topic": "questions",
        "request": "sessionReport",
        "requestId": victim.request_id,
        "data": {"of": None},
        "tenantId": "acme",
        "userId": "anna",
        "connectionId": victim.speaker.connection_id,
        "speakerConnectionId": client.connection_id,
    }
