"""Event sources on one machine: schedules, the queue, the stream of a table."""
