"""`break_it` itself: every break still has its place in the code. (They are made by
`make test-nightly`.)"""

import pytest

from tests.invariants.break_it import MUTATIONS, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_place_to_break_is_there_once(mutation: Mutation) -> None:
    assert mutation.source().count(mutation.old) == 1
