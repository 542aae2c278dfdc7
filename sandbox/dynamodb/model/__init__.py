"""Values, keys and stored items, without operations."""
