"""What `bench/cost.py` counts with: prices, DynamoDB's units, and a meter around each design."""
