"""The wire to AWS: DynamoDB, SQS and the management API behind the ports of stores and actions."""
