"""The work of the operator API: list sessions and connections, remove users, check the health."""
