"""Open, authenticate, refresh, time out and close a connection."""
