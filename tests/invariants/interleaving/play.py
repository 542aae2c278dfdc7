"""Plays the schedules of a cell, and names those that break a rule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from random import Random

from chalicelib import wiring
from tests.invariants.interleaving.acts import Act, Invocation, Place
from tests.invariants.interleaving.cells import Cell
from tests.invariants.interleaving.checks import problems
from tests.invariants.interleaving.defects import Defect
from tests.invariants.interleaving.exploration import Exploration
from tests.invariants.interleaving.room import Room
from tests.invariants.interleaving.scheduler import Known, Schedule
from tests.invariants.interleaving.stage import Saved
from tests.stack import Client

_LETTERS = "abc"


@dataclass(frozen=True)
class Broken:
    """A schedule after which a rule is broken."""

    cell: Cell
    schedule: Schedule
    problems: list[str]

    @property
    def name(self) -> str:
        """The name by which `python -m tests.invariants.interleaving` plays it again."""
        return f"{self.cell.name}: {encode(self.schedule.choices)}"

    def __str__(self) -> str:
        acts = (
            f"  {letter} = {act}" for letter, act in zip(_LETTERS, self.cell.acts, strict=False)
        )
        calls = (f"    {_LETTERS[number]}  {call.label}" for number, call in self.schedule.calls)
        return "\n".join([self.name, *acts, *calls, *(f"  ! {each}" for each in self.problems)])


def encode(choices: Sequence[int]) -> str:
    """Return choices as text: `a3b` is the first act three times, then the second."""
    runs = [(_LETTERS[number], len(list(run))) for number, run in groupby(choices)]
    return "".join(letter if count == 1 else f"{letter}{count}" for letter, count in runs)


def decode(text: str) -> list[int]:
    """Return the choices that `encode` made a text of."""
    choices: list[int] = []
    for letter in _LETTERS:
        text = text.replace(letter, f" {letter}")
    for run in text.split():
        choices += [_LETTERS.index(run[0])] * int(run[1:] or 1)
    return choices


class Player:
    """Plays cells one after the other; those of the same settings share a room."""

    def __init__(self, defect: Defect | None = None) -> None:
        self._defect = defect
        self._rooms: dict[tuple[tuple[str, str], ...], tuple[Room, Saved]] = {}
        self.played = 0
        """The schedules that were judged."""

    def explore(
        self, cell: Cell, bound: int, most: int | None = None, random: Random | None = None
    ) -> list[Broken]:
        """Play the schedules of a cell, `most` at most. Return those that break a rule."""
        play, judge = self.prepared(cell)
        found = []
        for schedule in islice(Exploration(play, bound, random).schedules(), most):
            self.played += 1
            if broken := judge(schedule):
                found.append(Broken(cell, schedule, broken))
        return found

    def replay(self, cell: Cell, choices: Sequence[int]) -> Broken:
        """Play one schedule. Return it with its problems, if it has any."""
        play, judge = self.prepared(cell)
        schedule = play(choices, lambda *_: False)
        return Broken(cell, schedule, judge(schedule))

    def prepared(
        self, cell: Cell
    ) -> tuple[Callable[[Sequence[int], Known], Schedule], Callable[[Schedule], list[str]]]:
        room, base = self._room(cell.environ)
        stage = room.stage
        wiring.install(stage.services)
        base.restore(stage)
        room.forget()
        invocations = _invocations(cell, room)
        saved = Saved.of(stage)
        replies: list[object] = []

        def play(choices: Sequence[int], known: Known) -> Schedule:
            saved.restore(stage)
            replies[:] = [None] * len(invocations)
            acts = [_recorded(replies, number, each) for number, each in enumerate(invocations)]
            return stage.scheduler.play(acts, choices, known)

        def judge(schedule: Schedule) -> list[str]:
            return problems(stage, schedule, invocations, replies)

        return play, judge

    def _room(self, environ: dict[str, str]) -> tuple[Room, Saved]:
        key = tuple(sorted(environ.items()))
        if key not in self._rooms:
            room = Room.fresh(self._defect, **environ)
            self._rooms[key] = room, Saved.of(room.stage)
        return self._rooms[key]


def _recorded(replies: list[object], number: int, invocation: Invocation) -> Callable[[], None]:
    def run() -> None:
        replies[number] = invocation.run()

    return run


def _invocations(cell: Cell, room: Room) -> list[Invocation]:
    """Prepare the acts, those first that need least changed; return them in their order."""
    made: dict[int, Invocation] = {}
    for number in sorted(range(len(cell.acts)), key=lambda each: cell.acts[each].drastic):
        act = cell.acts[number]
        made[number] = act.prepare(room, _client(room, act, cell.clients[number]))
    return [made[number] for number in range(len(cell.acts))]


def _client(room: Room, act: Act, which: int) -> Client | None:
    clients: dict[Place, Sequence[Client | None]] = {
        Place.LISTENER: room.listeners,
        Place.NEWCOMER: room.newcomers,
        Place.HANDSHAKE: room.handshakes,
        Place.SUCCESSOR: room.successors,
        Place.SPEAKER: [room.speaker],
        Place.NOBODY: [None],
    }
    return clients[act.place][which]
