"""One cold start: import an app, handle a first event, and print the cost.

    python -m bench.cold_start_client APP HANDLER EVENT_FILE [CALLS]

APP is `app` (Lectern), `bench.peer.app`, or `nothing` for bare Python. With CALLS it also prints
the CPU and the time of each further call.
"""

import os
import sys
import time


class Context:
    """The part of Lambda's context that the two apps use."""

    aws_request_id = "0"
    function_name = "connect"
    memory_limit_in_mb = "256"

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


def main() -> None:
    name, handler_name, event_file, *calls = sys.argv[1:]
    result = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # logs go where CloudWatch would take them
    # msgspec imports it if it is installed, as it is here; neither app's zip has it.
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]
    warm = wall = 0.0
    if name != "nothing":
        import importlib

        handler = getattr(importlib.import_module(name), handler_name)
        import json

        with open(event_file) as file:
            event = json.load(file)
        answer = handler(event, Context())
        assert answer["statusCode"] == 200, answer
        assert '"error"' not in answer.get("body", ""), answer
    cold, started = time.process_time(), time.perf_counter()
    for _ in range(int(calls[0]) if calls else 0):
        handler(event, Context())
    if calls:
        warm = (time.process_time() - cold) / int(calls[0])
        wall = (time.perf_counter() - started) / int(calls[0])
    import json

    from bench.memory import peak

    figures = {"CPU ms": cold * 1000, "MB": peak()}
    if calls:
        figures["CPU ms of a further call"] = warm * 1000
        figures["ms of a further call"] = wall * 1000
    result.write(json.dumps(figures))
    result.close()


if __name__ == "__main__":
    main()
