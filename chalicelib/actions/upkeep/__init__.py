"""The work of the schedules and of the sessions stream."""
