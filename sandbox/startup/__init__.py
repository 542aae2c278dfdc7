"""The start of the sandbox by `chalice local`.

| file | what it is |
|---|---|
| `launch.py` | called by `app.py`: ports, reloader, sandbox, the lines that `make run` prints |
| `stack.py` | the sandbox as one object |
| `app_integrations.py` | the app's routes to its handlers in this process |
| `environment.py` | the settings of the local stage |
| `install.py` | the handlers' services, with the sandbox's clock, log and faults |
| `reload.py` | Chalice's reloader, restricted to the stack's files |
| `local_api.py` | corrections of Chalice's local server, for the operator API |
| `collector.py` | the garbage collector's settings |
"""
