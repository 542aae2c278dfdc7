"""A load that a laptop's Lambda carries: few clients, so that few instances start.

    python -m bench.gateways.few_load PORT PATH

prints the figures: bare connections, heartbeats.
"""

import contextlib
import json
import statistics
import sys
import time

from bench.gateways.load import Crowd, alone, together

CLIENTS = 20
_HEARTBEAT = '{"action":"heartbeat"}'


def main() -> None:
    port, path = int(sys.argv[1]), sys.argv[2]
    rates = []
    for _ in range(6):
        with contextlib.closing(Crowd(port, path, CLIENTS)) as crowd:
            rates.append(CLIENTS / crowd.seconds)
        time.sleep(0.5)
    with contextlib.closing(Crowd(port, path, CLIENTS)) as crowd:
        together(crowd, _HEARTBEAT, 1.0)  # every instance that this takes has started
        figures = {
            "connections/s, cold": rates[0],
            "connections/s": statistics.median(rates[1:]),
            "heartbeat ms": alone(crowd, _HEARTBEAT, 200),
            "heartbeats/s": together(crowd, _HEARTBEAT, 2.0),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
