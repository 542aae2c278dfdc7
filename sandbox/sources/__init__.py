"""Event sources on one machine: schedules, queues, and the stream of a table.

| file | what it is |
|---|---|
| `declarations.py` | the routes and sources that an app declares |
| `app_sources.py` | the sources of an app in this process, started together |
| `runtime.py` | the parts of a stack that sources use |
| `schedules.py` | EventBridge's rules |
| `schedule_expressions.py` | `rate(…)` |
| `queue.py` | the event source mapping of a queue |
| `stream.py` | the event source mapping of a table's stream |
| `filters.py` | the changes of a table for which a function is called |
| `ordered_batches.py` | batches in the order of the writes, with retries |
| `batches.py` | the rules for batches and retries, without I/O |
| `records.py` | a change of a table as a record of its stream |
"""
