"""Work in jobs: the requests that clients submit, and large deliveries."""
