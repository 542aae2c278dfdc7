"""A socket: how it opens, shows a token, stays alive, moves on, times out and closes."""
