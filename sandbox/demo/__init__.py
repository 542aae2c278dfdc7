"""`make demo`: a speaker and five listeners, live in the terminal."""
