"""A frame nested deeper than 64 is refused (PROTOCOL section 2) in the same words everywhere."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import BadRequest
from chalicelib.protocol.codec import Envelope, guess_envelope, open_envelope
from chalicelib.protocol.nesting import MAX_DEPTH, is_nested_deeper

values = st.recursive(
    st.none() | st.text(alphabet='[]{}"\\ab\n', max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('"[}\\'), inner, max_size=3)
    ),
    max_leaves=30,
)


def depth_of(value: Any) -> int:
    if not isinstance(value, list | dict):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth_of, inner), default=0)


@given(values)
def test_the_depth_is_that_of_the_parsed_value(value: Any) -> None:
    body = json.dumps(value).encode()

    assert [is_nested_deeper(body, than) for than in range(8)] == [
        depth_of(value) > than for than in range(8)
    ]


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_64_levels_are_taken_and_65_are_not(opening: str) -> None:
    levels = sum(each in "[{" for each in opening)
    fits, not_any_more = ((MAX_DEPTH - 1) // levels, (MAX_DEPTH - 1) // levels + 1)

    assert open_envelope(frame(opening, fits)) == Envelope(action="broadcast", id="7")
    with pytest.raises(BadRequest) as refused:
        open_envelope(frame(opening, not_any_more))

    assert (refused.value.code.value, refused.value.message) == (
        "INVALID_JSON",
        "the frame is nested deeper than 64",
    )


@pytest.mark.parametrize(("depth", "told"), [(65, "7"), (400, "7"), (600, None), (60_000, None)])
def test_the_id_of_a_frame_that_is_too_deep_is_told_as_far_as_any_python_reads_it(
    depth: int, told: str | None
) -> None:
    assert guess_envelope(frame("[", depth)).id == told


def frame(opening: str, times: int) -> bytes:
    closing = "".join({"[": "]", "{": "}"}[each] for each in reversed(opening) if each in "[{")
    data = opening * times + "1" + closing * times
    return f'{{"action":"broadcast","id":"7","data":{data}}}'.encode()
