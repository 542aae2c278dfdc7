"""The peers: the same handlers, written as in the documentation of Chalice and boto3."""
