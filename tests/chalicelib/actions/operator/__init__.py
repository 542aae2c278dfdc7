"""Listings for operators."""
