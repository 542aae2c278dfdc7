"""A connection: open it, authenticate it, keep it alive, refresh it, time it out and close it."""
