"""Find the recipients of a message, and post it to them."""
