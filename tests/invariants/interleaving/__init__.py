"""Every order, call by call, of what may happen at once in a session (invariant 12).

An *act* is one invocation of a real handler. A *cell* is two or three acts from one state. A
*schedule* is one order of their calls; a transaction takes two of them, as DynamoDB holds its items
before it writes them. `exploration` finds the schedules of a cell, `checks` judges each.
"""
