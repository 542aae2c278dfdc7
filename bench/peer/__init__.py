"""The peers: what the same handlers cost when written as Chalice's and boto3's documentation do."""
