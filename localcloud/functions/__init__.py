"""Lambda: the functions that were applied, run from their zips.

Each instance is a process of its own with AWS's own runtime client (awslambdaric), which asks a
Lambda Runtime API for events as it does on AWS.

| file | what it knows |
|---|---|
| `applied.py` | a function's configuration, out of the control plane |
| `packages.py` | zips, unpacked; what the runtime brings along |
| `environment.py` | the variables that Lambda gives a process |
| `bootstrap.py` | runs in the process of the instance, before the runtime client |
| `runtime_api.py` | the Lambda Runtime API of one instance |
| `instance.py` | one process: init, one event at a time, time-out, memory limit |
| `pool.py` | the instances of one function: reuse, cold starts, concurrency |
| `system_log.py` | what Lambda itself writes, in the applied format |
| `reports.py`, `json_log.py` | START, END and REPORT lines; the same as JSON records, by level |
| `journal.py` | where lines go, and Lambda's own metrics |
| `results.py` | what becomes of an event, in Lambda's words |
| `output.py`, `memory.py` | what a process prints, and how much it uses |
| `later.py` | asynchronous invocations: retries, destinations |
| `functions.py` | all of them together: what the rest of the account calls |
"""

from localcloud.functions.functions import Functions

__all__ = ["Functions"]
