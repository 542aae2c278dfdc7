"""The Python SDK's streams: examples, and properties over every order of arrival."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lectern_client import Streams
from tests.clients.stack import broadcast


def standing(last_seq: dict[str, int]) -> Streams:
    streams = Streams("es")
    streams.restore({"lastSeq": last_seq})
    return streams


def seqs(out: list[Any]) -> list[Any]:
    return [(item["first"], item["last"]) if item["type"] == "gap" else item["seq"] for item in out]


def add(streams: Streams, seq: int, stream: str = "es") -> list[Any]:
    return seqs(streams.add(broadcast(seq, stream)))  # type: ignore[arg-type]


@given(st.permutations(range(1, 8)), st.lists(st.integers(1, 7)))
def test_broadcasts_in_any_order_with_duplicates_are_delivered_once_and_in_order(
    order: list[int], again: list[int]
) -> None:
    streams = standing({"es": 0})
    out = [seq for arrival in [*again, *order] for seq in add(streams, arrival)]
    assert out == list(range(1, 8))
    assert not streams.behind


@given(
    st.sets(st.integers(1, 12)),
    st.integers(0, 12),
    st.integers(1, 12),
)
def test_after_a_skip_every_seq_is_delivered_or_in_a_gap(
    came: set[int], told: int, oldest: int
) -> None:
    streams = standing({"es": 0})
    out = [item for seq in came for item in streams.add(broadcast(seq))]  # type: ignore[arg-type]
    missed = [broadcast(seq) for seq in range(oldest, told + 1)]
    out += streams.restore({"lastSeq": {"es": told}, "missed": missed, "gap": oldest > 1})
    out += streams.skip()
    covered = [
        seq
        for item in seqs(out)
        for seq in (range(item[0], item[1] + 1) if isinstance(item, tuple) else [item])
    ]
    assert covered == list(range(1, max([told, *came]) + 1))
    lost = {
        seq for item in seqs(out) if isinstance(item, tuple) for seq in range(item[0], item[1] + 1)
    }
    assert lost.isdisjoint(came | set(range(oldest, told + 1)))


def test_broadcasts_before_the_first_reply_wait_for_the_streams_positions() -> None:
    streams = Streams("es")
    assert add(streams, 8) == []
    assert add(streams, 7) == []
    assert seqs(streams.restore({"lastSeq": {"es": 7}})) == [8]


def test_a_stream_that_the_first_reply_does_not_name_starts_at_1() -> None:
    streams = standing({})
    assert add(streams, 2) == []
    assert streams.behind == ["es"]
    assert add(streams, 1) == [1, 2]


def test_a_stream_whose_position_is_ahead_is_behind() -> None:
    streams = standing({"es": 3})
    streams.tell({"es": 5, "fr": 9})
    assert streams.behind == ["es"]


def test_a_truncated_reply_gives_up_nothing_after_its_first_broadcast() -> None:
    streams = standing({"es": 3})
    missed = [broadcast(4), broadcast(5)]
    assert seqs(streams.restore({"lastSeq": {"es": 9}, "missed": missed, "gap": True})) == [4, 5]
    assert streams.behind == ["es"]


def test_missing_broadcasts_are_given_up_only_on_skip() -> None:
    streams = standing({"es": 3})
    add(streams, 6)
    assert seqs(streams.restore({"lastSeq": {"es": 8}, "missed": [], "gap": True})) == []
    assert streams.behind == ["es"]
    assert seqs(streams.skip()) == [(4, 5), 6, (7, 8)]


def test_a_new_language_begins_where_the_reply_says() -> None:
    streams = standing({"es": 3, "*": 1})
    streams.follow("fr")
    assert add(streams, 4) == [4]
    assert add(streams, 11, "fr") == []
    streams.tell({"*": 1, "fr": 11})
    assert seqs(streams.begin("fr", {"*": 1, "fr": 10})) == [11]
    streams.leave("es")
    assert add(streams, 5) == []
    assert streams.last_seq == {"*": 1, "fr": 11}
