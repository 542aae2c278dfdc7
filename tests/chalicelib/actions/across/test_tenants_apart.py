"""Two tenants side by side, with the same users, topics and languages: nothing ever crosses."""

import json
import os

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.protocol.codec import decode_request, open_envelope
from chalicelib.protocol.requests import ACTIONS
from tests.chalicelib.actions.across.two_tenants import EVENTS, InMemory, World
from tests.invariants.memory import Memory

Step = tuple[str, int, int]
"""An event, its actor and its target."""
THEMES = (
    EVENTS,
    ("broadcast", "publish", "tellTenant", "goElsewhere", "subscribe", "runJobs"),
    ("submitRequest", "cancelRequest", "refreshConnection", "disconnect", "runJobs"),
)
"""Few events, often repeated: this finds failures that take three of them in a row."""


def steps_of(events: tuple[str, ...]) -> st.SearchStrategy[list[Step]]:
    one = st.tuples(st.sampled_from(events), st.integers(0, 30), st.integers(0, 30))
    return st.lists(one, min_size=20, max_size=60)


@settings(
    max_examples=int(os.environ.get("LECTERN_EXAMPLES", "30")),
    phases=[Phase.reuse, Phase.generate],  # to make a failure small would take minutes
    suppress_health_check=list(HealthCheck),
)
@given(st.sampled_from(THEMES).flatmap(steps_of), st.sampled_from(["0", "500"]))
def test_nothing_crosses_between_two_tenants(steps: list[Step], inline_limit: str) -> None:
    world = World(InMemory(Memory.fresh(), INLINE_FANOUT_LIMIT=inline_limit))
    for event, actor, target in steps:
        world.act(event, actor, target)
    world.finish()


def test_every_action_is_sent_as_the_protocol_has_it() -> None:
    """A request that is refused for its form would prove nothing."""
    world = World(InMemory(Memory.fresh()))
    fields = world.fields(world.people[1], next(iter(world.owner)), 0)
    for action in ACTIONS:
        body = json.dumps({"action": action, **fields[action]}).encode()
        decode_request(open_envelope(body), body)
