"""PROTOCOL.md as code: what a client may send, what it is answered, and how both are encoded."""
