"""A fan-out: many posts over a few non-blocking connections, on one thread."""
