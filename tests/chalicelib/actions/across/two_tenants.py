"""Two tenants with the same names, and everything that their clients can do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Raw

from chalicelib.actions.broadcasting import tenant_message
from chalicelib.domain.types import Role, TenantId
from chalicelib.protocol.requests import ACTIONS
from chalicelib.stores.dynamodb import DynamoDB
from tests.invariants.memory import Memory
from tests.stack import Client, Json, Stack

TENANTS = ("acme", "globex")
EVENTS = (*ACTIONS, "disconnect", "goElsewhere", "runJobs", "tellTenant")
"""Every action of the protocol, and other events."""
USER = "anna"
"""The speaker of both tenants, by the same name."""
_ENTRIES = ("joinSession", "refreshConnection")


class InMemory(Stack):
    """A stack whose tables are in this process: a step takes no milliseconds."""

    def __init__(self, memory: Memory, **environ: str) -> None:
        self.memory = memory
        super().__init__(memory, **environ)

    def wire(self) -> DynamoDB:
        return self.memory.dynamodb


@dataclass
class Person:
    """A client with a socket. One without `user` is of the tenant whose session it was in last."""

    client: Client
    role: str
    tenant: str
    user: str | None = None


def roles_of(event: str) -> frozenset[Role]:
    """Return the roles that may do it. Other tests show that no other role may."""
    if event == "goElsewhere":
        return ACTIONS["joinSession"].roles
    return ACTIONS[event].roles if event in ACTIONS else frozenset(Role)


class World:
    """Both tenants. Every message carries the name of its sender's tenant."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.people: list[Person] = []
        self.owner: dict[str, str] = {}
        self.requests: dict[str, str] = {}
        self.resume_tokens: list[str] = []
        for tenant in TENANTS:
            speaker, session_id = stack.session(USER, tenant)
            self.owner[session_id] = tenant
            known = stack.connect(f"token={stack.token('bert', tenant)}")
            anonymous = [stack.listener(session_id), stack.listener(session_id)]
            self.people += [
                Person(speaker, "speaker", tenant, USER),
                Person(known, "listener", tenant, "bert"),
                *(Person(each, "listener", tenant) for each in anonymous),
            ]
        for person in self.people:
            person.client.send("subscribe", topic="questions")

    def act(self, event: str, actor: int, target: int) -> None:
        """Perform an event. `actor` and `target` are indices, modulo the number there is."""
        if event == "runJobs":
            for job in self.stack.jobs.take_due():
                self.stack.run_job(job)
        elif event == "tellTenant":
            tenant = TENANTS[target % 2]
            word = Raw(json.dumps({"of": tenant}).encode())
            tenant_message.send(self.stack.services, TenantId(tenant), word, lambda: 30.0)
        else:
            able = [each for each in self.people if each.role in roles_of(event)]
            self._perform(able[actor % len(able)], event, target)
        self._check_received()

    def finish(self) -> None:
        """Run the remaining jobs, and check what they deliver."""
        self.stack.run_jobs()
        self._check_received()

    def _perform(self, person: Person, event: str, target: int) -> None:
        """Assert that an action changes nothing of another tenant."""
        before, mine = self._items_by_tenant(), {person.tenant}
        if event == "disconnect":
            person.client.close(1006)
            person.client = self.socket(person)
        elif event == "goElsewhere":
            self._send(person, "leaveSession", target)
            self._send(person, "joinSession", target)
        else:
            self._send(person, event, target)
        mine.add(person.tenant)
        after = self._items_by_tenant()
        for tenant in set(TENANTS) - mine:
            assert after[tenant] == before[tenant], event

    def _send(self, person: Person, action: str, target: int) -> None:
        session_id = list(self.owner)[target % len(self.owner)]
        fields = self.fields(person, session_id, target)[action]
        reply = person.client.send(action, **fields)
        assert reply.get("code") != "INVALID_MESSAGE" or action == "cancelRequest", reply
        if action in _ENTRIES:
            self._check_entry(person, session_id, reply)
        elif reply["type"] == "sessionCreated":
            self.owner[reply["sessionId"]] = person.tenant
        elif reply["type"] == "requestAccepted":
            self.requests[reply["requestId"]] = person.tenant
        elif reply["type"] == "requestCancelled":
            assert self.requests[fields["requestId"]] == person.tenant
        elif reply["type"] == "authenticated":
            assert person.user is not None
            assert person.tenant == TENANTS[target % 2]
        self.resume_tokens += [reply["resumeToken"]] if "resumeToken" in reply else []
        self._check(person, reply)
        self._check_numbers(person, reply)

    def socket(self, person: Person) -> Client:
        """Open a new socket for a client."""
        token = f"&token={self.stack.token(person.user, person.tenant)}" if person.user else ""
        return self.stack.connect(f"role={person.role}{token}")

    def fields(self, person: Person, session_id: str, target: int) -> dict[str, dict[str, Any]]:
        """Return the fields of each action's message."""
        said = {"of": person.tenant}
        language = {"targetLanguage": ("es", "fr")[target % 2]}
        entry = {"sessionId": session_id, **language, "lastSeq": {}}
        if self.resume_tokens and target % 3 == 0:
            entry["resumeToken"] = self.resume_tokens[target % len(self.resume_tokens)]
        running = [*self.requests, "none"]
        token = self.stack.token(person.user or "nobody", TENANTS[target % 2])
        topic = {"topic": "questions"}
        given: dict[str, dict[str, Any]] = {
            "authenticate": {"token": token},
            "broadcast": {"data": said, **(language if target % 3 else {})},
            "cancelRequest": {"requestId": running[target % len(running)]},
            "changeLanguage": language,
            "createSession": {"sourceLanguage": "en"},
            "heartbeat": {"wantSeq": True},
            "joinSession": entry,
            "publish": {**topic, "data": said},
            "recover": {"lastSeq": {}},
            "refreshConnection": {**entry, "role": person.role},
            "setVolume": {"volume": target % 11 / 10},
            "submitRequest": {"request": "sessionReport"},
            "subscribe": topic,
            "unsubscribe": topic,
        }
        return {action: {} for action in ACTIONS} | given

    def _check_entry(self, person: Person, session_id: str, reply: Json) -> None:
        """Check that a client with a token never enters another tenant's session."""
        entered = reply["type"] in ("sessionJoined", "connectionRefreshComplete")
        if person.user is None:
            person.tenant = self.owner[session_id] if entered else person.tenant
        elif self.owner[session_id] != person.tenant:
            assert reply["status"] in (404, 409), reply

    def _check_received(self) -> None:
        """Check the messages received since the last check, and every stored connection."""
        for person in self.people:
            for message in person.client.received:
                self._check(person, message)
            person.client.received.clear()
        for item in self.stack.items("connections"):
            owner = self.owner.get(str(item.get("sessionId")))
            assert owner in (None, item.get("tenantId")), item

    def _check(self, person: Person, message: Json) -> None:
        if "sessionId" in message:
            assert self.owner[message["sessionId"]] == person.tenant, message
        if isinstance(message.get("data"), dict):
            assert message["data"]["of"] == person.tenant, message
        if isinstance(message.get("result"), dict):
            self._check(person, message["result"])
        for missed in message.get("missed", ()):
            self._check(person, missed)

    def _check_numbers(self, person: Person, reply: Json) -> None:
        """Check that counts and seqs, which name no session, are those of the client's session."""
        session_id = (person.client.item or {}).get("sessionId")
        if session_id is None:
            return
        session = self.stack.session_item(session_id)
        for stream, seq in reply.get("lastSeq", {}).items():
            assert seq == session["streamPositions"].get(stream, 0), reply
        assert reply.get("listenerCount") in (None, self.stack.counts(session_id)[0]), reply

    def _items_by_tenant(self) -> Mapping[str, list[Json]]:
        """Return every item, by its tenant."""
        found: dict[str, list[Json]] = {tenant: [] for tenant in TENANTS}
        for label in ("sessions", "connections", "subscriptions", "requests", "history"):
            for item in self.stack.items(label):
                session_id = item.get("streamKey", "").partition("#")[0]
                tenant = item.get("tenantId") or self.owner.get(session_id)
                if tenant is not None:
                    found[tenant].append(item)
        return found
