"""The operator HTTP API, for the operator's services and people.

Only the function behind the REST API imports this room: the others' cold starts don't pay for it.
"""
