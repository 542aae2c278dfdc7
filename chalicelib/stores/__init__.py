"""The state in DynamoDB, one file a table. Only these files know attribute names."""
