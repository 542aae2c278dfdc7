"""A broadcast, from the speaker's message to the last listener's: rate and cost.

The real handler and the real AWS client in a fresh process, over plain HTTP to a stub that responds
at once. The store is in memory, so Lectern alone is measured: decoding the index's entry of each
listener, signing and sending each post, reading each response.
"""

from functools import partial

from bench.harness import Report, interleaved, python, stub

_LISTENERS = (10, 100, 500, 1000)
_MOST_CPU = 50.0


def main(rounds: int = 5) -> list[Report]:
    """Return one table; a few seconds a round."""
    report = Report(
        "A broadcast to a room",
        "Warm; 300 bytes of data. A message is one delivery; the speaker sends its next broadcast"
        " when the previous one is acknowledged.",
    )
    with stub(0, tls=False) as server:
        report.rows = interleaved(
            {
                f"{count:,} listeners": partial(
                    python,
                    "bench.broadcast_client",
                    f"{server.url}/prod",
                    str(count),
                    environ=server.environ,
                )
                for count in _LISTENERS
            },
            rounds,
        )
    cpu = report.median("1,000 listeners", "CPU µs a message")
    report.require_at_most("CPU µs of a message to 1,000", cpu, _MOST_CPU)
    return [report]
