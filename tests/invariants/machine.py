"""Speakers and listeners of two tenants do everything that the protocol allows, in any order, while
processes die, calls fail, and events are lost, late or doubled. The rules hold after every step.
"""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chalicelib import handlers
from tests.invariants import rules
from tests.invariants.memory import Memory
from tests.invariants.model import Model
from tests.invariants.troubles import Trouble
from tests.invariants.world import World
from tests.outside import Killed
from tests.stack import Client, Json

CAPACITY = 3
LANGUAGES = st.sampled_from(["es", "fr", "de"])
WHICH = st.integers(0, 11)
"""Picks one of those that are there."""
USERS = st.sampled_from([("anna", "north"), ("bela", "north"), ("anna", "south")])
"""Two tenants; both have a user of one name."""
BREAKS = st.one_of(
    st.none(),
    st.none(),
    st.none(),
    st.tuples(st.just("dies"), st.integers(0, 12)),
    st.tuples(st.sampled_from(Trouble), st.integers(0, 12)),
)
"""Faults by the number of an invocation's call; mostly none."""
CODES = st.sampled_from([1000, 1001, 1006, None])
_ALONE = [
    ("leaveSession", {}),
    ("endSession", {}),
    ("heartbeat", {"wantSeq": True}),
    ("getSessionStatus", {}),
    ("pauseBroadcast", {}),
    ("resumeBroadcast", {}),
    ("muteBroadcast", {}),
    ("unmuteBroadcast", {}),
    ("setVolume", {"volume": 0.5}),
    ("subscribe", {"topic": "questions"}),
    ("unsubscribe", {"topic": "questions"}),
    ("submitRequest", {"request": "sessionReport"}),
    ("createSession", {"sourceLanguage": "en"}),
    ("changeLanguage", {"targetLanguage": "fr"}),
    ("changeLanguage", {"targetLanguage": "it"}),
]
Break = tuple[str | Trouble, int] | None


class Sessions(RuleBasedStateMachine):
    """One stack; each rule is one invocation, broken or not."""

    environ: ClassVar[dict[str, str]] = {}
    """Settings besides those that an example chooses."""

    @staticmethod
    def tables(_: ExitStack) -> Memory:
        """Return the tables of one example."""
        return Memory.fresh()

    @initialize(
        grace=st.sampled_from(["0", "15"]),
        inline=st.sampled_from(["1", "500"]),
        lagging=st.booleans(),
    )
    def start(self, grace: str, inline: str, lagging: bool) -> None:
        environ = {
            "SPEAKER_GRACE_SECONDS": grace,
            "INLINE_FANOUT_LIMIT": inline,
            "MAX_LISTENERS_PER_SESSION": str(CAPACITY),
            **self.environ,
        }
        self.opened = ExitStack()
        self.world = World(self.tables(self.opened), environ=environ)
        self.world.tables.lagging = lagging
        self.model = Model(self.world)
        self.late: list[tuple[Client, int | None]] = []
        self.said = 0

    @rule(user=USERS, create=st.booleans(), broken=BREAKS)
    def a_speaker_comes(self, user: tuple[str, str], create: bool, broken: Break) -> None:
        query = f"role=speaker&token={self.world.token(*user)}"
        if create:
            query += "&action=createSession&sourceLanguage=en"
        self._handshake(query, broken)

    @precondition(lambda self: self._sessions())
    @rule(user=USERS, which=WHICH, broken=BREAKS)
    def a_speaker_comes_back(self, user: tuple[str, str], which: int, broken: Break) -> None:
        session_id = self._session(which)
        query = f"role=speaker&token={self.world.token(*user)}"
        self._handshake(f"{query}&action=refreshConnection&sessionId={session_id}", broken)

    @rule(token=st.one_of(st.none(), USERS))
    def a_listener_comes(self, token: tuple[str, str] | None) -> None:
        self._handshake(f"token={self.world.token(*token)}" if token else "", None)

    @precondition(lambda self: self._sessions())
    @rule(which=WHICH, language=LANGUAGES, token=WHICH, resume=st.booleans(), broken=BREAKS)
    def a_listener_comes_and_joins(
        self, which: int, language: str, token: int, resume: bool, broken: Break
    ) -> None:
        query = f"sessionId={self._session(which)}&targetLanguage={language}"
        if resume and self._resume_tokens():
            query += f"&resumeToken={self._resume_token(token)}"
        self._handshake(f"action=joinSession&{query}", broken)

    @precondition(lambda self: self._sessions() and self._open())
    @rule(
        who=WHICH,
        which=WHICH,
        language=LANGUAGES,
        token=WHICH,
        resume=st.booleans(),
        action=st.sampled_from(["joinSession", "joinSession", "refreshConnection"]),
        broken=BREAKS,
    )
    def somebody_enters(
        self,
        who: int,
        which: int,
        language: str,
        token: int,
        resume: bool,
        action: str,
        broken: Break,
    ) -> None:
        client = self._client(who)
        item = client.item or {"role": "listener"}
        role = "speaker" if item["role"] == "speaker" else "listener"
        fields: Json = {"sessionId": self._session(which), "targetLanguage": language}
        if action == "refreshConnection":
            fields["role"] = role
        if resume and self._resume_tokens():
            fields |= {"resumeToken": self._resume_token(token), "lastSeq": {"*": 0}}
        self._say(client, broken, action, **fields)

    @precondition(lambda self: self._open())
    @rule(who=WHICH, what=st.sampled_from(_ALONE), broken=BREAKS)
    def somebody_says(self, who: int, what: tuple[str, Json], broken: Break) -> None:
        self._say(self._client(who), broken, what[0], **what[1])

    @precondition(lambda self: self._open())
    @rule(who=WHICH, language=st.one_of(st.none(), LANGUAGES), broken=BREAKS)
    def somebody_broadcasts(self, who: int, language: str | None, broken: Break) -> None:
        client = self._client(who)
        self.said += 1
        fields: Json = {"data": {"of": self._is_in(client), "number": self.said}}
        if language:
            fields["targetLanguage"] = language
        self._say(client, broken, "broadcast", **fields)

    @precondition(lambda self: self._open())
    @rule(who=WHICH, broken=BREAKS)
    def somebody_publishes(self, who: int, broken: Break) -> None:
        client = self._client(who)
        data = {"of": self._is_in(client)}
        self._say(client, broken, "publish", topic="questions", data=data)

    @precondition(lambda self: self._open())
    @rule(
        who=WHICH,
        code=CODES,
        event=st.sampled_from(["comes", "comes twice", "is late", "is lost"]),
        broken=BREAKS,
    )
    def a_socket_closes(self, who: int, code: int | None, event: str, broken: Break) -> None:
        client = self._client(who)
        self.world.sockets.open.pop(client.connection_id)
        if event == "is late":
            self.late.append((client, code))
        elif event != "is lost":
            self._run(broken, lambda: client.disconnect_event(code))
        if event == "comes twice":
            self._run(None, lambda: client.disconnect_event(code))

    @precondition(lambda self: self.late)
    @rule(which=WHICH, broken=BREAKS)
    def a_late_event_comes(self, which: int, broken: Break) -> None:
        client, code = self.late.pop(which % len(self.late))
        self._run(broken, lambda: client.disconnect_event(code))

    @rule(seconds=st.sampled_from([1, 10, 20, 40, 100]), alive=st.booleans())
    def time_goes_by(self, seconds: int, alive: bool) -> None:
        self.world.clock.advance(seconds)
        for client in self._open() if alive else []:
            self._say(client, None, "heartbeat")

    @rule(
        function=st.sampled_from(["sweep_connections", "publish_status", "reconcile_counts"]),
        broken=BREAKS,
    )
    def a_schedule_comes_due(self, function: str, broken: Break) -> None:
        handler = getattr(handlers, function)
        self._run(broken, lambda: self.world.schedule(handler))

    @rule(times=st.integers(1, 2), broken=BREAKS)
    def jobs_are_delivered(self, times: int, broken: Break) -> None:
        self._run(broken, lambda: self.world.run_jobs(times=times))

    @rule(times=st.integers(1, 2), broken=BREAKS)
    def the_stream_is_delivered(self, times: int, broken: Break) -> None:
        self.world.deliveries = times
        self._run(broken, self.world.run_changes)
        self.world.deliveries = 1

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        for client, code in self.late:
            client.disconnect_event(code)
        self.world.settle()
        problems = self.problems()
        self.opened.close()
        assert not problems, "\n".join(problems)

    def problems(self) -> list[str]:
        """Return the rules that are broken when nothing is left to do."""
        problems = rules.settled(self.world) + self.model.compare(self.world.snapshot())
        return problems + rules.nothing_missed(self.world)

    def _handshake(self, query: str, broken: Break) -> None:
        before = len(self.world.clients)
        self._run(broken, lambda: self.world.handshake(query))
        for client in self.world.clients[before:]:
            if "action=" in query:
                self.model.doubt(client)  # its reply comes later, if it does

    def _say(self, client: Client, broken: Break, action: str, **fields: Any) -> None:
        before = self.world.snapshot()
        replies = len(client.replies)
        self._run(broken, lambda: self.world.say(client, action, **fields))
        reply = client.replies[-1] if len(client.replies) > replies else None
        self.model.learn(client, reply)
        problems = rules.of_turn(client, reply, before, self.world.snapshot())
        assert broken or not problems, "\n".join(problems)

    def _run(self, broken: Break, invocation: Callable[[], object]) -> None:
        """Run an invocation in which `broken` goes wrong. The rules must hold afterwards."""
        if broken is None:
            invocation()
        elif isinstance(broken[0], Trouble):
            self.world.troubles.plan({broken[1]: broken[0]})
            invocation()
            self.world.troubles.end()
        else:
            with suppress(Killed), self.world.outside.killed_after(broken[1]):
                invocation()
        problems = rules.at_once(self.world)
        assert not problems, "\n".join(problems)

    def _open(self) -> list[Client]:
        return [client for client in self.world.clients if self.world.is_open(client)]

    def _client(self, which: int) -> Client:
        clients = self._open()
        return clients[which % len(clients)]

    def _sessions(self) -> list[str]:
        return sorted(item["sessionId"] for item in self.world.items("sessions"))

    def _session(self, which: int) -> str:
        sessions = self._sessions()
        return sessions[which % len(sessions)]

    def _is_in(self, client: Client) -> str | None:
        item = client.item or {}
        return item.get("sessionId")

    def _resume_tokens(self) -> list[str]:
        return [
            message["resumeToken"]
            for client in self.world.clients
            for message in self.world.heard(client)
            if "resumeToken" in message
        ]

    def _resume_token(self, which: int) -> str:
        tokens = self._resume_tokens()
        return tokens[which % len(tokens)]
