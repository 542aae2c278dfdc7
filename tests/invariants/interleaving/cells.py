"""Pairs and triples of acts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from random import Random

from tests.invariants.interleaving.acts import ACTS, Act, Place

_ALONE = {Place.SPEAKER, Place.NOBODY}
"""There is one speaker, and what AWS or an operator does has no client."""


@dataclass(frozen=True)
class Cell:
    """Acts that run at once, and which of the two clients of its kind performs each."""

    acts: tuple[Act, ...]
    clients: tuple[int, ...]

    @property
    def name(self) -> str:
        """The acts; those of a second client have a mark."""
        return " + ".join(
            f"{act}{'*' * client}" for act, client in zip(self.acts, self.clients, strict=True)
        )

    @property
    def environ(self) -> dict[str, str]:
        """The settings that the acts need."""
        return {name: value for act in self.acts for name, value in act.environ.items()}


def pairs(acts: Sequence[Act] = ACTS) -> list[Cell]:
    """Return every pair, an act with itself too: on one socket, and on two where there are two."""
    return [cell for two in combinations_with_replacement(acts, 2) for cell in _on_all_sockets(two)]


def some_triples(count: int, seed: int, acts: Sequence[Act] = ACTS) -> list[Cell]:
    """Return so many triples of acts, in any order."""
    random = Random(seed)
    cells: list[Cell] = []
    while len(cells) < count:
        three = tuple(random.choice(acts) for _ in range(3))
        if possible := _on_all_sockets(three):
            cells.append(random.choice(possible))
    return cells


def cell_named(name: str) -> Cell:
    """Return a cell by its name, in which a star marks what a second client does."""
    acts = {act.name: act for act in ACTS}
    words = [word.strip() for word in name.split("+")]
    return Cell(
        tuple(acts[word.rstrip("*")] for word in words), tuple(word.count("*") for word in words)
    )


def _on_all_sockets(acts: tuple[Act, ...]) -> list[Cell]:
    """Return the cells of some acts: of those that could share a client, shared and not."""
    return [
        Cell(acts, clients)
        for clients in product((0, 1), repeat=len(acts))
        if all(not client or _may_be_second(acts, index) for index, client in enumerate(clients))
        and _opens_each_socket_once(acts, clients)
    ]


def _opens_each_socket_once(acts: tuple[Act, ...], clients: tuple[int, ...]) -> bool:
    """Return whether no socket is opened by two handshakes (one may be handled twice)."""
    opened = {
        (client, act.name)
        for act, client in zip(acts, clients, strict=True)
        if act.place is Place.HANDSHAKE
    }
    return len(opened) == len({client for client, _ in opened})


def _may_be_second(acts: tuple[Act, ...], index: int) -> bool:
    """Return whether a second client of its kind may perform this act: the first does another."""
    place = acts[index].place
    return place not in _ALONE and any(act.place is place for act in acts[:index])
