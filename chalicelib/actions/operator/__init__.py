"""What the operator API does."""
