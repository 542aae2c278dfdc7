"""What calls functions by itself, as it was applied: rules, queues, streams.

| file | what it knows |
|---|---|
| `applied.py` | rules and event source mappings, out of the control plane |
| `calls.py` | a function as a source calls it |
| `rules.py` | EventBridge's schedules on the account's clock |
| `stream.py` | the mapping of a stream: filter, lanes, failure destination |
| `sources.py` | all of them, kept as they are applied |

The mapping of a queue and the batches of a stream are those of `make run`: `sandbox/sources`.
Expiry is `sandbox/cloud/expiry.py`.
"""

from localcloud.sources.sources import Sources

__all__ = ["Sources"]
