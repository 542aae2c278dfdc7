"""What the stack does, one file a thing. The outside is reached through `ports` and the stores."""
