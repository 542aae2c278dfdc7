"""CloudWatch: metrics out of log lines and the platform, alarms as they were applied.

| file | what it knows |
|---|---|
| `emf.py` | a log line in the embedded metric format as data points |
| `gauges.py` | what CloudWatch is told of queues every minute |
| `tables.py` | what CloudWatch is told of calls that DynamoDB did not carry out |
| `applied.py` | the alarms, out of the control plane |
| `statistics.py` | one value of the data points of a period |
| `expressions.py` | metric math |
| `evaluation.py` | the state of an alarm, out of its periods: no I/O |
| `composite.py` | the rule of a composite alarm: no I/O |
| `alarms.py` | every minute: gauges, then every alarm |
| `actions.py`, `messages.py` | what alarms tell topics, and in which words |
| `__main__.py` | `make alarms-local` |
"""

from localcloud.cloudwatch.alarms import Alarms

__all__ = ["Alarms"]
