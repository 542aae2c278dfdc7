"""The operator HTTP API, for the operator's services and people.

Only the function behind the REST API imports this package, so no other cold start pays for it.
"""
