"""Instances of functions: processes with AWS's own runtime client (awslambdaric).

As on AWS, the runtime client asks a Lambda Runtime API for events.

| file | what it does |
|---|---|
| `packages.py` | unpacks zips; provides what the runtime adds |
| `environment.py` | makes the environment of a process |
| `bootstrap.py` | runs in the process before the runtime client |
| `runtime_api.py` | serves the Lambda Runtime API of one instance |
| `process.py` | reads a process's output, exit and memory |
| `instance.py` | runs one process: init, one event at a time, time-out, memory limit |
| `pool.py` | keeps the instances of one function |
"""
