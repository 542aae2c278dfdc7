"""Two tenants side by side, with the same users, topics and languages: nothing ever crosses."""

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from chalicelib.actions import tenants
from chalicelib.domain.types import TenantId
from tests.stack import Client, Json, Stack

TENANTS = ("acme", "globex")
_ROUNDS = count(1)

Step = tuple[str, int, int]
"""An action, who does it, and whom or what it is aimed at (both modulo what there is)."""

ACTIONS = (
    "broadcast",
    "broadcastToOne",
    "cancelRequest",
    "changeLanguage",
    "control",
    "disconnect",
    "endSession",
    "getSessionStatus",
    "joinSession",
    "leaveSession",
    "publish",
    "recover",
    "refreshConnection",
    "runJobs",
    "submitRequest",
    "subscribe",
    "tellTenant",
)
steps = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.integers(0, 30), st.integers(0, 30)),
    min_size=10,
    max_size=30,
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps)
def test_nothing_crosses_whatever_anybody_does(stack: Stack, steps: list[Step]) -> None:
    world = World(stack, f"anna-{next(_ROUNDS)}")
    for action, who, target in steps:
        world.act(action, who, target)
        world.check_items()
    world.act("runJobs", 0, 0)


@dataclass
class Person:
    """Somebody with a socket. An anonymous one is of the tenant whose session it was in last."""

    client: Client
    role: str
    tenant: str
    anonymous: bool


class World:
    """Both tenants, alike to the last name; what is said carries the name of who says it."""

    def __init__(self, stack: Stack, user: str) -> None:
        self.stack = stack
        self.people: list[Person] = []
        self.owner: dict[str, str] = {}
        self.requests: dict[str, str] = {}
        self.user = user
        for tenant in TENANTS:
            speaker, session_id = stack.session(user, tenant)
            self.owner[session_id] = tenant
            known = stack.connect(f"token={stack.token(f'{user}-listener', tenant)}")
            self.people += [
                Person(speaker, "speaker", tenant, anonymous=False),
                Person(known, "listener", tenant, anonymous=False),
                Person(stack.listener(session_id), "listener", tenant, anonymous=True),
                Person(stack.listener(session_id), "listener", tenant, anonymous=True),
            ]
        for person in self.people:
            person.client.send("subscribe", topic="questions")

    def act(self, action: str, who: int, target: int) -> None:
        person = self.people[who % len(self.people)]
        if action == "runJobs":
            self.stack.run_jobs()
        elif action == "tellTenant":
            tenant = TENANTS[target % 2]
            word = Raw(json.dumps({"of": tenant}).encode())
            tenants.tell(self.stack.services, TenantId(tenant), word, lambda: 30.0)
        elif action == "disconnect":
            person.client.close(1006)
        else:
            self.send(person, action, target)
        self.check_messages()

    def send(self, person: Person, action: str, target: int) -> None:
        session_id = list(self.owner)[target % len(self.owner)]
        name, fields = self.message(person, action, session_id, target)
        reply = person.client.send(name, **fields)
        if name in ("joinSession", "refreshConnection"):
            self.check_entry(person, session_id, reply)
        elif name == "submitRequest" and reply["type"] == "requestAccepted":
            self.requests[reply["requestId"]] = person.tenant
        elif name == "cancelRequest" and reply["type"] == "requestCancelled":
            assert self.requests[fields["requestId"]] == person.tenant
        else:
            self.check_message(person, reply)

    def message(
        self, person: Person, action: str, session_id: str, target: int
    ) -> tuple[str, dict[str, Any]]:
        said = {"of": person.tenant}
        language = {"targetLanguage": ("es", "fr")[target % 2]}
        if action == "broadcastToOne":
            return "broadcast", {"data": said, **language}
        if action == "control":
            return ("muteBroadcast", "unmuteBroadcast")[target % 2], {}
        if action == "cancelRequest":
            return action, {
                "requestId": [*self.requests, "none"][target % (len(self.requests) + 1)]
            }
        fields: dict[str, dict[str, Any]] = {
            "broadcast": {"data": said},
            "changeLanguage": language,
            "joinSession": {"sessionId": session_id, **language, "lastSeq": {}},
            "publish": {"topic": "questions", "data": said},
            "recover": {"lastSeq": {}},
            "refreshConnection": {
                "sessionId": session_id,
                "role": person.role,
                "lastSeq": {},
                **language,
            },
            "submitRequest": {"request": "sessionReport"},
            "subscribe": {"topic": "questions"},
        }
        return action, fields.get(action, {})

    def check_entry(self, person: Person, session_id: str, reply: Json) -> None:
        """Who has a token never gets into the other tenant's session, nor learns more than 403."""
        entered = reply["type"] in ("sessionJoined", "connectionRefreshComplete")
        if person.anonymous:
            person.tenant = self.owner[session_id] if entered else person.tenant
        elif self.owner[session_id] != person.tenant:
            assert reply["status"] in (403, 409), reply
        self.check_message(person, reply)

    def check_messages(self) -> None:
        """Looks at what has arrived since it looked last."""
        for person in self.people:
            for message in person.client.received:
                self.check_message(person, message)
            person.client.received.clear()

    def check_message(self, person: Person, message: Json) -> None:
        if "sessionId" in message:
            assert self.owner[message["sessionId"]] == person.tenant, message
        if isinstance(message.get("data"), dict):
            assert message["data"]["of"] == person.tenant, message
        for missed in message.get("missed", ()):
            self.check_message(person, missed)

    def check_items(self) -> None:
        """Everything that is stored belongs to the tenant of its session."""
        for item in self.stack.items("connections"):
            if item.get("sessionId") in self.owner:
                assert item["tenantId"] == self.owner[item["sessionId"]]
        for item in self.stack.items("subscriptions"):
            session_id = item["topicKey"].partition("#")[0]
            assert item["tenantId"] == self.owner.get(session_id, item["tenantId"])
        for item in self.stack.items("requests"):
            assert item["tenantId"] == self.owner.get(item["sessionId"], item["tenantId"])
