"""The DynamoDB in memory does what the sandbox's does, and so what Amazon's own does (see
`make test-dynamodb-local`): each scene runs on both, and every answer is compared."""

from dataclasses import replace

import pytest

from chalicelib import aws as aws_wire
from chalicelib.settings import Settings
from tests.aws import Aws
from tests.invariants.memory import Memory
from tests.invariants.scenes import SCENES, Named
from tests.invariants.shadow import Shadow
from tests.invariants.world import World


@pytest.mark.parametrize("named", SCENES, ids=lambda named: named.name)
def test_both_give_every_answer_alike(named: Named, aws: Aws) -> None:
    memory = Memory.fresh()
    settings = Settings.from_environ({**aws.environ, "API_GATEWAY_ENDPOINT": "http://127.0.0.1:9"})
    tables = {memory.tables[label]: name for label, name in aws.tables.items()}
    real = aws_wire.dynamodb(settings, aws.environ)
    shadow = Shadow(memory.dynamodb, real, tables)
    world = World(replace(memory, dynamodb=shadow), environ=named.environ)

    named.build(world).act()
    world.settle()

    assert shadow.calls > 0
