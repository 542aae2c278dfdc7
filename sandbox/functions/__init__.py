"""Lambda on one machine: the handlers of the app, called in this process.

| file | what it is |
|---|---|
| `functions.py` | a handler with its timeout and its errors |
| `concurrency.py` | the invocations that run at once, and their limit |
| `context.py` | the context object of an invocation |
| `pool.py` | the threads in which handlers run |
| `killing.py` | the fault `kill`, drawn after a handler's calls |
"""
