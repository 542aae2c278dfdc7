"""The same histories on a clock that moves by hours: refreshes fall due, tokens and sessions run
out, API Gateway cuts its oldest sockets, DynamoDB deletes what has expired.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from chalicelib import handlers
from chalicelib.stores.attributes import to_attributes
from tests.invariants.machine import BREAKS, USERS, WHICH, Break, Sessions
from tests.invariants.world import KEYS
from tests.stack import Client

GATEWAY_CUTS_AT = 2 * 60 * 60 * 1000
"""Age of a socket, in milliseconds, at which API Gateway closes it."""
MINUTES = st.sampled_from([20, 45, 80, 100, 104, 110, 119, 121, 245])
"""Up to the ages at which something is due, and beyond: a schedule may come late."""
LATE = 120_000
"""Milliseconds by which an end may be late: two sweeps."""


class Hours(Sessions):
    """Sessions that last long enough for everything to end by its age."""

    environ: ClassVar[dict[str, str]] = {"SESSION_MAX_DURATION_HOURS": "1"}

    @rule(user=USERS, minutes=st.sampled_from([1, 5, 60, 130]), broken=BREAKS)
    def a_speaker_comes_for_a_while(
        self, user: tuple[str, str], minutes: int, broken: Break
    ) -> None:
        token = self.world.token(*user, ttl=minutes * 60)
        query = f"role=speaker&token={token}&action=createSession&sourceLanguage=en"
        self._handshake(query, broken)

    @precondition(lambda self: self._open())
    @rule(who=WHICH, user=USERS, minutes=st.sampled_from([-1, 1, 60, 130]), broken=BREAKS)
    def somebody_shows_a_new_token(
        self, who: int, user: tuple[str, str], minutes: int, broken: Break
    ) -> None:
        token = self.world.token(*user, ttl=minutes * 60)
        self._say(self._client(who), broken, "authenticate", token=token)

    @rule(minutes=MINUTES, alive=st.booleans(), told=st.booleans(), broken=BREAKS)
    def hours_go_by(self, minutes: int, alive: bool, told: bool, broken: Break) -> None:
        """`alive`: clients keep up their heartbeats; `told`: `$disconnect` comes for who is cut."""
        self.world.clock.advance(minutes * 60)
        for client in self._open():
            if self.world.clock.now - client.connected_at >= GATEWAY_CUTS_AT:
                self._cut(client, told)
            elif alive:
                self._say(client, None, "heartbeat")
        for function in (handlers.sweep_connections, handlers.publish_status):
            self._run(broken, partial(self.world.schedule, function))

    @rule()
    def what_has_expired_is_deleted(self) -> None:
        """By DynamoDB's time to live: some day after it expired, and so after many sweeps."""
        self._settle()
        seconds = self.world.clock.now // 1000
        for label, names in KEYS.items():
            for item in self.world.items(label):
                if item.get("expiresAt", seconds) < seconds:
                    key = to_attributes({name: item[name] for name in names})
                    self._delete(self.world.aws.tables[label], key)

    def _settle(self) -> None:
        with suppress(IndexError):
            while True:
                client, code = self.late.pop()
                client.disconnect_event(code)
        self.world.settle()

    def _delete(self, table: Any, key: dict[str, Any]) -> None:
        self.world.port.call("DeleteItem", {"TableName": table, "Key": key})

    def _cut(self, client: Client, told: bool) -> None:
        self.world.sockets.open.pop(client.connection_id)
        if told:
            self._run(None, lambda: client.disconnect_event(1001))

    def problems(self) -> list[str]:
        return super().problems() + list(self._overdue())

    def _overdue(self) -> Iterator[str]:
        now = self.world.clock.now - LATE
        for item in self.world.items("sessions"):
            if item["isActive"] and item["expiresAt"] * 1000 < now:
                yield f"3: {item['sessionId']} should have expired"
        for client in self._open():
            if (client.item or {}).get("tokenExpiresAt", now) < now:
                yield f"6: {client.connection_id} is open on a token that has expired"
