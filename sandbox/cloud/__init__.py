"""DynamoDB and SQS on one machine: moto's models behind a lean HTTP listener."""
