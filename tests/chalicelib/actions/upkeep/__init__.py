"""The schedules and the sessions stream."""
