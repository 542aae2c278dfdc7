"""The data plane of API Gateway: WebSocket APIs as stages, deployments and routes are applied.

The socket itself, its rules and the management API are the sandbox's (`sandbox/gateway`); here is
what they stand on in an account: which stage there is, what runs behind a route, and who may.
"""
