"""The DynamoDBs that the sandbox's is compared with."""

from collections.abc import Iterator

import pytest

from tests.sandbox.dynamodb.twins import PlainMoto, Reference, another


@pytest.fixture(scope="session")
def another_one() -> Iterator[Reference]:
    """A DynamoDB that is not moto's."""
    with another() as found:
        yield found


@pytest.fixture(scope="session", params=["moto", "another"])
def reference(request: pytest.FixtureRequest) -> Reference:
    """Both, one after the other."""
    if request.param == "moto":
        return PlainMoto()
    found: Reference = request.getfixturevalue("another_one")
    return found
