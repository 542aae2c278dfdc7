"""The endpoint of DynamoDB and SQS, and the tables and queues that a stack finds there."""
