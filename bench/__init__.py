"""Benchmarks: each module is one comparison; `make bench` runs them all."""
