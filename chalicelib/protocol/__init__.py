"""The protocol as code: requests, replies, other messages and jobs, and their encoding.

Comments everywhere cite the written protocol by section, like `PROTOCOL 6.4`: 1 connecting,
2 frames, 3 actions and replies, 4 messages without a request, 5 sessionStatus, 6 staying connected
(6.1 refresh, 6.2 recovery, 6.3 grace period, 6.4 heartbeats), 7 sandbox. It is not part of this
repository: docs/use/client-guide.md and docs/use/protocol.html describe the protocol.
"""
