"""An AWS account on one machine: a real `terraform apply` makes it, real clients use it.

One process, one HTTP endpoint for every AWS API, one port for sockets and the sandbox's own
endpoints, one clock. What runs is what was applied: the zip, its environment, routes, event
sources, permissions and alarms are read from the control plane whenever they are needed.

| room | what belongs there |
|---|---|
| `context.py` | what the rooms share, and what they know of each other |
| `control/` | moto behind the HTTP endpoint; one file a service for what moto lacks |
| `gateway/` | the data plane of API Gateway, as routes, stages and deployments are applied |
| `functions/` | Lambda: instances of the uploaded zips behind a Runtime API |
| `sources/` | EventBridge rules, SQS mappings, DynamoDB streams, as applied |
| `permissions/` | what the role of a function allows, asked before each of its calls |
| `alarms/` | log lines to metrics, metrics to the applied alarms, and whom they tell |
| `measures.py`, `logs.py` | the data points of metrics; the lines of log groups |
| `delivery.py` | destinations of what was given up, queues that follow a topic |
| `account.py` | builds all of them, starts and stops them |
| `__main__.py`, `local/` | `make deploy-local` and `make destroy-local` |
"""
