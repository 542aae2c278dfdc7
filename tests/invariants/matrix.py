"""Plays a scene once for each place where it can break, and looks at the rules afterwards.

A cell of the matrix is a scene, a break, and what follows:
- breaks: the process dies just before a call, or just after the last one (which is the same as
  dying before the next one in between); or the call is refused, its answer is lost, or it is
  carried out twice;
- what follows: the client tries again, hangs up, drops, or is gone without any event.
"""

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


@dataclass(frozen=True)
class Break:
    """What goes wrong at one call; `trouble` is None where the process dies just before it."""

    call: int
    name: str
    trouble: Trouble | None = None

    def __str__(self) -> str:
        return f"{self.trouble or 'dying before'} call {self.call}, {self.name}"


@dataclass(frozen=True)
class Cell:
    scene: Named
    broken: Break
    follow: str
    deliveries: int
    """How often every job and stream batch comes."""

    def __str__(self) -> str:
        return f"{self.scene.name}, {self.broken}, then {self.follow}, {self.deliveries}x"


def cells(named: Named) -> list[Cell]:
    """Every cell of a scene: a rehearsal shows which calls its act makes."""
    with _stage(named) as (world, scene):
        with world.outside.counted() as calls:
            scene.act()
        deaths = [Break(number, name) for number, name in enumerate([*calls, "the return"])]
        troubles = [
            Break(number, name, trouble)
            for number, name in enumerate(calls)
            for trouble in Trouble
            if trouble is Trouble.REFUSED or name not in READS
        ]
        follows = list(_FOLLOWS[scene.kind])
    pairs = [(broken, follow) for broken in deaths + troubles for follow in follows]
    return [Cell(named, *pair, 1 + index % 2) for index, pair in enumerate(pairs)]


def play(cell: Cell) -> list[str]:
    """Plays one cell; answers what it breaks of the rules."""
    with _stage(cell.scene) as (world, scene):
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
    """AWS does the rest."""


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
