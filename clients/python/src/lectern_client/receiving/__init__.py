"""Broadcasts from the stack, in order and complete (PROTOCOL 6.2)."""
