"""API Gateway on one machine: sockets, routes, events, the management API."""
