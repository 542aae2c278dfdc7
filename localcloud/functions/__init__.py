"""Lambda: the applied functions, run from their zips.

| file | what it does |
|---|---|
| `configuration.py` | reads a function's configuration from the control plane |
| `results.py` | results of events, worded as Lambda words its own errors |
| `instances/` | the processes that run events |
| `logs/` | log lines and metrics of events |
| `destinations.py` | sends records of batches that were given up |
| `async_invocations.py` | asynchronous invocations and their retries |
| `functions.py` | what the rest of the account invokes |
"""

from localcloud.functions.functions import Functions

__all__ = ["Functions"]
