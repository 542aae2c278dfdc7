"""The control of a running stack: its methods, and its endpoints under `/_sandbox/`.

| file | what it is |
|---|---|
| `running_stack.py` | the class that the sandbox and the local cloud share |
| `control.py` | the endpoints of PROTOCOL 7 |
| `event_stream.py` | `GET /_sandbox/events`: changes as they happen |
| `metrics.py` | the metrics in a stack's log |
| `totals.py` | the sums of the sessions' counts |
| `tokens.py` | tokens that the stack accepts |
| `pages.py` | the files of the console (`sandbox/console/`) |
"""
