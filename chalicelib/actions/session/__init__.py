"""A session: create, join, leave and end it, and build the replies that show its state."""
