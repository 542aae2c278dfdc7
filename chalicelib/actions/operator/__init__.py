"""What the operator API does: list sessions and connections, remove users, check the health."""
