"""Two tenants side by side, with the same users, topics and languages: nothing ever crosses."""

import json
import os

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.protocol.codec import decode_request, open_envelope
from chalicelib.protocol.requests import ACTIONS
from tests.chalicelib.actions.across.two_tenants import DEEDS, InMemory, World
from tests.invariants.memory import Memory

Step = tuple[str, int, int]
"""A deed, who does it, and whom or what it is aimed at."""
THEMES = (
    DEEDS,
    ("broadcast", "publish", "tellTenant", "goElsewhere", "subscribe", "runJobs"),
    ("submitRequest", "cancelRequest", "refreshConnection", "disconnect", "runJobs"),
)
"""Few deeds, often repeated: what takes three of them in a row is found so."""


def steps_of(deeds: tuple[str, ...]) -> st.SearchStrategy[list[Step]]:
    one = st.tuples(st.sampled_from(deeds), st.integers(0, 30), st.integers(0, 30))
    return st.lists(one, min_size=20, max_size=60)


@settings(
    max_examples=int(os.environ.get("LECTERN_EXAMPLES", "30")),
    phases=[Phase.reuse, Phase.generate],  # to make a failure small would take minutes
    suppress_health_check=list(HealthCheck),
)
@given(st.sampled_from(THEMES).flatmap(steps_of), st.sampled_from(["0", "500"]))
def test_nothing_crosses_between_two_tenants(steps: list[Step], inline_limit: str) -> None:
    world = World(InMemory(Memory.fresh(), INLINE_FANOUT_LIMIT=inline_limit))
    for deed, who, target in steps:
        world.act(deed, who, target)
    world.finish()


def test_every_action_is_sent_as_the_protocol_has_it() -> None:
    """So that none is refused for its form, and proves nothing."""
    world = World(InMemory(Memory.fresh()))
    fields = world.fields(world.people[1], next(iter(world.owner)), 0)
    for action in ACTIONS:
        body = json.dumps({"action": action, **fields[action]}).encode()
        decode_request(open_envelope(body), body)
