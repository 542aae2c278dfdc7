"""Create, join, leave and end a session, and recover in it."""
