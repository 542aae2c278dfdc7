"""The database in memory, driven step by step."""

import pytest

from chalicelib.aws.refusals import Refusal
from chalicelib.domain.types import SessionId
from sandbox.dynamodb.database import Database
from sandbox.dynamodb.operations.holds import HeldTransaction
from sandbox.dynamodb.tables import read_tables
from tests.invariants.memory import InProcess, InTwoSteps, Memory, fresh_database
from tests.invariants.world import World

PUT = {"TableName": "sessions", "Item": {"sessionId": {"S": "a"}}}
TRANSACTION = {"TransactItems": [{"Put": PUT}]}


@pytest.fixture
def database() -> Database:
    return fresh_database({label: label for label in read_tables()})


def items(database: Database) -> list[object]:
    return list(database.call("Scan", {"TableName": "sessions"})["Items"])


def test_what_meets_a_transaction_in_between_is_refused_as_contention(database: Database) -> None:
    refused: list[Refusal] = []

    def between(held: HeldTransaction) -> None:
        assert len(held.places) == 1
        with pytest.raises(Refusal) as refusal:
            InProcess(database.call)("PutItem", PUT)
        refused.append(refusal.value)

    InTwoSteps(database, between)("TransactWriteItems", TRANSACTION)

    assert [each.is_contention for each in refused] == [True]
    assert len(items(database)) == 1


def test_a_transaction_that_is_given_up_in_between_holds_nothing(database: Database) -> None:
    def between(_: HeldTransaction) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        InTwoSteps(database, between)("TransactWriteItems", TRANSACTION)

    assert items(database) == []
    InProcess(database.call)("PutItem", PUT)


def test_an_index_of_a_lagging_world_has_a_listener_a_moment_later() -> None:
    world = World(Memory.fresh())
    _, session_id = world.session()
    world.tables.lagging = True
    world.listener(session_id)

    there = world.services.connections.listeners

    assert not list(there(SessionId(session_id), None))
    world.clock.advance(1)
    assert len(list(there(SessionId(session_id), None))) == 1
