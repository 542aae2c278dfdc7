"""The DynamoDB in memory does what the sandbox's does, and what another one does that is not moto
(docs/build/dynamodbs.md): each scene runs on two of them, and every answer is compared."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.aws import Aws, another_dynamodb
from tests.invariants.memory import Memory
from tests.invariants.scenes import SCENES, Named
from tests.invariants.shadow import Shadow
from tests.invariants.world import World


@pytest.fixture(params=["the sandbox's", "another"])
def other(request: pytest.FixtureRequest) -> Iterator[Aws]:
    if request.param == "the sandbox's":
        yield request.getfixturevalue("aws")
        return
    with another_dynamodb() as another:
        yield another


@pytest.mark.parametrize("named", SCENES, ids=lambda named: named.name)
def test_both_give_every_answer_alike(named: Named, other: Aws) -> None:
    memory = Memory.fresh()
    tables = {memory.tables[label]: name for label, name in other.tables.items()}
    shadow = Shadow(memory.dynamodb, Memory.of(other).dynamodb, tables)
    world = World(replace(memory, dynamodb=shadow), environ=named.environ)

    named.build(world).act()
    world.settle()

    assert shadow.calls > 0
