"""Decisions without I/O: state, input and the time go in, what to do comes out."""
