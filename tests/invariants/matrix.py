"""Play a scene once for each place where it can break, and check the rules afterwards.

A cell of the matrix is a scene, a break, and what follows:
- breaks: the process dies just before a call, or just after the last one (which is the same as
  dying before the next one in between); or the call is refused, in conflict with a transaction at
  every try, its response is lost, or it is carried out twice; in a third of the cells the indexes
  lag;
- what follows: the client tries again, hangs up, drops, or is gone without any event.

CI plays each break with one of the things that may follow, in turn; the nightly run plays all.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.invariants import rules
from tests.invariants.memory import Memory
from tests.invariants.scenes import Named, Scene
from tests.invariants.troubles import Trouble
from tests.invariants.world import World
from tests.outside import Killed

READS = {"GetItem", "BatchGetItem", "Query", "Scan"}
IS_WHOLE = os.environ.get("LECTERN_MATRIX") == "whole"
"""The tests play every cell; otherwise `one_each` of them."""


@dataclass(frozen=True)
class Break:
    """One fault at one call; without `trouble` the process dies just before the call."""

    call: int
    name: str
    trouble: Trouble | None = None

    def __str__(self) -> str:
        return f"{self.trouble or 'dying before'} call {self.call}, {self.name}"


@dataclass(frozen=True)
class Cell:
    """One run of a scene: the fault, what the client does then, and how often AWS delivers."""

    scene: Named
    broken: Break
    follow: str
    deliveries: int
    """Number of times that every job and stream batch is delivered."""
    lagging: bool
    """The indexes do not have what the act writes until time goes by."""

    def __str__(self) -> str:
        lag = ", lagging" if self.lagging else ""
        return f"{self.scene.name}, {self.broken}, then {self.follow}, {self.deliveries}x{lag}"


def cells(named: Named) -> list[Cell]:
    """Return every cell of a scene. A rehearsal shows which calls its act makes."""
    with _stage(named) as (world, scene):
        with world.outside.counted() as calls:
            scene.act()
        deaths = [Break(number, name) for number, name in enumerate([*calls, "the return"])]
        troubles = [
            Break(number, name, trouble)
            for number, name in enumerate(calls)
            for trouble in _troubles_of(name)
        ]
        follows = list(_FOLLOWS[scene.kind])
    return [
        Cell(
            named, broken, follow, 1 + (number // len(follows) + turn) % 2, (number + turn) % 3 == 0
        )
        for number, broken in enumerate(deaths + troubles)
        for turn, follow in enumerate(follows)
    ]


def _troubles_of(name: str) -> Iterator[Trouble]:
    """Yield what may happen to a call: a read changes nothing, and transactions may conflict."""
    yield Trouble.REFUSED
    if name not in READS:
        yield from (Trouble.LOST, Trouble.REPEATED)
    if name == "TransactWriteItems":
        yield Trouble.CONFLICT


def one_each(cells: list[Cell]) -> list[Cell]:
    """Return one cell for each break, with what follows in turn."""
    by_break: dict[Break, list[Cell]] = {}
    for cell in cells:
        by_break.setdefault(cell.broken, []).append(cell)
    return [group[number % len(group)] for number, group in enumerate(by_break.values())]


def play(cell: Cell) -> list[str]:
    """Play one cell. Return the rules that it breaks, as sentences."""
    with _stage(cell.scene) as (world, scene):
        world.tables.lagging = cell.lagging
        _act(world, scene, cell.broken)
        problems = [] if scene.drifted else rules.at_once(world)
        world.deliveries = cell.deliveries
        _FOLLOWS[scene.kind][cell.follow](world, scene)
        world.settle()
        return problems + rules.settled(world)


@contextmanager
def _stage(named: Named) -> Iterator[tuple[World, Scene]]:
    world = World(Memory.fresh(), environ=named.environ)
    yield world, named.build(world)


def _act(world: World, scene: Scene, broken: Break) -> None:
    if broken.trouble is None:
        with world.outside.killed_after(broken.call):
            scene.act()
        return
    world.troubles.plan({broken.call: broken.trouble})
    scene.act()
    world.troubles.end()


def _nothing(_world: World, _scene: Scene) -> None:
    """Leave the rest to AWS."""


def _again(_world: World, scene: Scene) -> None:
    with suppress(Killed):
        scene.act()


def _hangs_up(world: World, scene: Scene) -> None:
    _close(world, scene, 1000)


def _drops(world: World, scene: Scene) -> None:
    _close(world, scene, 1006)


def _is_gone(world: World, scene: Scene) -> None:
    client = scene.actor or world.clients[-1]
    world.sockets.open.pop(client.connection_id, None)


def _close(world: World, scene: Scene, code: int) -> None:
    client = scene.actor or world.clients[-1]
    client.close(code)


_FOLLOWS: dict[str, dict[str, Callable[[World, Scene], None]]] = {
    "message": {
        "the client tries again": _again,
        "it hangs up": _hangs_up,
        "it drops": _drops,
        "it is gone without an event": _is_gone,
    },
    "handshake": {
        "the client tries again": _again,
        "its $disconnect comes": _drops,
        "no event comes": _nothing,
    },
    "closing": {"the event comes again": _again, "no event comes": _nothing},
    "event": {"AWS does the rest": _nothing},
}
