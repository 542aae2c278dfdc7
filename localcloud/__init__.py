"""An AWS account on one machine: `terraform apply` creates it, clients connect to it.

One process has one HTTP endpoint for every AWS API, one port for sockets and the sandbox's own
endpoints, and one clock. What runs is what was applied: the zip, its environment, routes, event
sources, permissions and alarms are read from the control plane whenever they are needed.

| part | what it does |
|---|---|
| `errors.py`, `metrics.py`, `context.py` | what all parts share |
| `permissions/` | IAM: decides whether a role may make a call |
| `functions/` | Lambda: runs the uploaded zips behind a Runtime API |
| `control/` | the control plane: moto behind the HTTP endpoint, and what moto lacks |
| `sources/` | EventBridge rules, SQS mappings and DynamoDB streams, as applied |
| `cloudwatch/` | metrics, alarms and log groups |
| `gateway/` | the data plane of API Gateway: routes, stages and deployments, as applied |
| `account.py` | builds all of them, starts and stops them |
| `deploy/`, `__main__.py` | `make deploy-local`, `make alarms-local` and `make destroy-local` |

Each part uses only those above it in this table.
"""
