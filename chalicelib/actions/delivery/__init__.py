"""Who gets a message, and how it reaches them."""
