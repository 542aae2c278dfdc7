"""Submitted requests, and deliveries by jobs."""
