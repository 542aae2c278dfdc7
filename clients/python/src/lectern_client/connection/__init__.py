"""Keeping a session connected: one connection at a time, replaced as often as needed."""
