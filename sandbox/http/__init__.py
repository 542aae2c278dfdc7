"""HTTP as AWS's APIs speak it: what every server of the two local stacks uses.

| file | what it is |
|---|---|
| `loop.py` | an event loop in a thread of its own, and sleeping by the stack's clock |
| `listening.py` | the sockets of a server, on both loopback addresses |
| `hosts.py` | the `Host` and `Origin` of requests, checked |
| `server.py` | aiohttp's server with timeouts and a fast path for posts |
| `signature.py` | AWS Signature Version 4, checked |
| `identifiers.py` | the region, the account, ids of requests |
"""
