"""The DynamoDB in memory does what moto does, and what another one does that is not moto
(docs/build/dynamodbs.md): each scene runs on two of them, and every response is compared."""

import copy
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.aws.dynamodb import RetryingDynamoDB
from sandbox.dynamodb.tables import read_tables
from tests.aws import another_dynamodb
from tests.invariants.memory import Memory
from tests.invariants.scenes import SCENES, Named
from tests.invariants.shadow import Shadow
from tests.invariants.world import World
from tests.sandbox.dynamodb.twins import PlainMoto


@pytest.fixture(params=["moto", "another"])
def other(request: pytest.FixtureRequest) -> Iterator[Memory]:
    if request.param == "moto":
        yield _in_moto()
        return
    with another_dynamodb() as another:
        yield Memory.of(another)


def _in_moto() -> Memory:
    """Return fresh tables in moto as it is, in this process."""
    moto = PlainMoto()
    names = {label: f"moto-{label}" for label in read_tables()}
    for label, table in read_tables().items():
        moto("CreateTable", {"TableName": names[label], **copy.deepcopy(dict(table.request))})
    return Memory(names, {}, RetryingDynamoDB(moto))


@pytest.mark.parametrize("named", SCENES, ids=lambda named: named.name)
def test_both_give_every_answer_alike(named: Named, other: Memory) -> None:
    memory = Memory.fresh()
    tables = {memory.tables[label]: name for label, name in other.tables.items()}
    shadow = Shadow(memory.dynamodb, other.dynamodb, tables)
    world = World(replace(memory, dynamodb=shadow), environ=named.environ)

    named.build(world).act()
    world.settle()

    assert shadow.calls > 0
