"""Event sources as they were applied: rules, queues and streams.

| file | what it does |
|---|---|
| `desired_state.py` | reads rules and event source mappings from the control plane |
| `invoker.py` | invokes a function for an event source |
| `rules.py` | runs EventBridge's schedules on the account's clock |
| `streams.py` | reads a table's stream: filter, batches, failure destination |
| `sources.py` | starts and stops all of them as they are applied |

Batches of queues and streams are those of `make run`: `sandbox/sources`.
"""

from localcloud.sources.sources import Sources

__all__ = ["Sources"]
