"""Work that goes on in jobs: requests of clients, and large deliveries."""
