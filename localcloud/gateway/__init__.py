"""The data plane of API Gateway: stages, deployments and routes as they are applied.

Sockets, their rules and the management API are the sandbox's (`sandbox/gateway`).

| file | what it does |
|---|---|
| `stages.py` | reads a WebSocket stage and its deployment from the control plane |
| `lambda_integrations.py` | invokes the function behind a WebSocket route |
| `management_access.py` | checks the callers of the management API |
| `rest_apis.py`, `rest_events.py` | serves the stages of REST APIs; makes the functions' events |
| `gateway_responses.py` | responds to requests that reach no function |
| `throttle.py` | limits calls of a route or method |
| `access_log.py`, `request_log.py`, `gateway_metrics.py` | log and count |
"""
