"""The language of DynamoDB's expressions: parsed once, then closures."""
