"""What `bench/sandbox.py` compares: gateways that serve one echo app, and the load on them."""
