"""CloudWatch: metrics of log lines and of the platform, the alarms on them, log groups.

| file | what it does |
|---|---|
| `emf.py` | reads data points from a log line in the embedded metric format |
| `queue_metrics.py`, `table_metrics.py` | the metrics of SQS and of DynamoDB |
| `evaluation.py` | the state of an alarm |
| `alarms.py` | measures queues and evaluates the applied alarms every minute |
| `log_groups.py` | keeps log lines where the API of CloudWatch Logs finds them |
"""

from localcloud.cloudwatch.alarms import Alarms

__all__ = ["Alarms"]
