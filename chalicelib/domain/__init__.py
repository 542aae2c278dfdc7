"""Decisions without I/O: functions of state, input and time."""
