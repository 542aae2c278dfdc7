"""DynamoDB in memory: tables, expressions, reads, writes, expiry."""
