"""The operator HTTP API: what a service or a person of the operator's asks of the stack.

Only the function behind the REST API imports this room: the others' cold starts don't pay for it.
"""
