"""The state in DynamoDB, one store for each kind of item. Only these files know attribute names."""
