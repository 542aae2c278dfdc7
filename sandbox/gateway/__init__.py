"""API Gateway's WebSocket APIs on one machine: the data plane that both local stacks serve.

| file | what it is |
|---|---|
| `gateway.py` | the HTTP server: handshakes, the management API, every other path |
| `connection.py` | one socket: frames in, messages and one close out |
| `hub.py` | the open connections, their idle time and their life |
| `routes.py` | from an event to its handler and back, with faults and the timeout |
| `integrations.py` | the interface to what runs for an event; each stack has its own |
| `events.py` | the events for handlers, field for field |
| `outcomes.py` | responses of handlers, and API Gateway's own errors |
| `management.py` | the management API (`@connections`) |
| `per_connection_queue.py` | the order of one connection's handlers |
| `quotas.py` | token buckets, and the account's quotas |
| `deadlines.py` | many timeouts of one length |
"""
