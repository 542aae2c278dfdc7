"""The endpoint of DynamoDB and SQS, and the tables and queues of the sandbox on it.

| file | what it is |
|---|---|
| `server.py` | the HTTP endpoint: operations, faults, callbacks for changes and messages |
| `paced.py` | calls of DynamoDB that take the time of the physics in force |
| `sqs.py` | SQS's JSON protocol, on moto |
| `sqs_time.py` | moto's SQS by the stack's clock |
| `expiry.py` | DynamoDB's time to live |
| `resources.py` | the tables and queues that `make run` creates, and their content |
| `queues.py` | the attributes of those queues, read from Terraform's module |
| `stream_poller.py` | the stream of a table in a DynamoDB outside this process |
"""
