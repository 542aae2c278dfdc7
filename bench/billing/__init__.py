"""The parts of `bench/cost.py`: prices, DynamoDB's units, and a meter around each design."""
