"""What schedules and the sessions stream run."""
