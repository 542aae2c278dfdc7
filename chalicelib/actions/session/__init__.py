"""A session: who makes, joins, leaves and ends it, and what it tells them."""
