"""`python -m bench`, or `make bench`: run every benchmark and write the results.

`python -m bench fanout` runs one benchmark, and replaces its part of the results.
"""

import argparse
import importlib

from bench.harness import save

BENCHES = (
    "broadcast",
    "cold_start",
    "cost",
    "fanout",
    "heartbeat",
    "latency",
    "scale",
    "status",
    "storm",
    "sweep",
    "wire",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5, help="runs of each candidate")
    options.add_argument("benches", nargs="*", default=BENCHES)
    chosen = options.parse_args()
    for name in chosen.benches:
        save(importlib.import_module(f"bench.{name}").main(chosen.rounds), name)


if __name__ == "__main__":
    main()
