"""The protocol as code: requests, replies, other messages and jobs, and their encoding.

Comments everywhere cite the written protocol, docs/use/protocol.md, by section: `PROTOCOL 6.4`.
"""
