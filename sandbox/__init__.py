"""The AWS that the stack needs, on one machine: what `chalice local` runs. Never packaged.

| part | what belongs there |
|---|---|
| `conditions/` | the clock with its timers; the faults and the physics in force |
| `http/` | what every server uses: loop, HTTP, signatures, ids |
| `functions/` | Lambda: the app's handlers, called in this process |
| `dynamodb/` | DynamoDB in memory |
| `cloud/` | the endpoint of DynamoDB and SQS, with the tables and queues on it |
| `gateway/` | API Gateway's WebSocket APIs, for both local stacks |
| `sources/` | event sources: schedules, queues, streams |
| `control/` | the control of a running stack: methods and `/_sandbox/*` |
| `console/` | the console in the browser (JavaScript) |
| `startup/` | the start by `chalice local` |
| `demo/` | `make demo` |

Each part imports only those above it; import-linter checks that (`pyproject.toml`). `localcloud`
uses all of them but `startup` and `demo`.
"""

from chalice.app import Chalice


def start(app: Chalice) -> None:
    """Start the sandbox in the process of `chalice local`; do nothing anywhere else."""
    # Not at the top: an import of one part, such as the tables, does not load the others.
    from sandbox.startup.launch import launch  # noqa: PLC0415

    launch(app)
