"""Rules that every room of actions must keep."""
