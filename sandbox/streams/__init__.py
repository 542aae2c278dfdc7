"""Event source mappings of a table's stream.

| file | what it knows |
|---|---|
| `records.py` | a change of a table as a record of its stream |
| `batches.py` | what is left of a batch after a try: decisions, no I/O |
| `lane.py` | batches in the order of the writes, one after the other |
| `stream.py` | the mapping of `make run`; the local cloud's is in `sandbox/account/sources` |
"""

from sandbox.streams.stream import Stream

__all__ = ["Stream"]
