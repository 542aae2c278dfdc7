"""Crowds of real handlers on virtual time, in this version of Lectern or another one.

| file | what it is |
|---|---|
| `stage.py` | a stack on virtual time: tables, sockets, queues, streams, quotas |
| `clients.py` | its clients, and what became of each thing that they did |
| `storms.py` | the crowds |
| `budgets.py` | single actions on each function's share of a core |
| `naive.py` | the same actions of `bench/peer/sessions.py` |
| `picture.py` | the storms of two versions, drawn |
| `__main__.py` | all of it for a checkout of another version, as JSON |
"""
