"""Requests, broadcasts and background work on their way to the stack."""
