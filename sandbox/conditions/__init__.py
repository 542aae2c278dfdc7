"""The conditions that a stack runs under, which its developer sets.

| file | what it is |
|---|---|
| `clock.py` | the stack's clock with its timers |
| `faults.py` | the plan of faults on purpose |
| `physics.py` | the latencies, quotas and throughput of AWS, as figures |
| `current_physics.py` | the figures in force |
| `conditions.py` | all of them together |
| `simulation.py` | virtual time, on which many invocations run one at a time |
| `simulated_management.py`, `simulated_queue.py` | `@connections` and SQS on it |
"""
