"""A message reaches its recipients."""
