"""What the stack does, one file a thing. Each reaches the outside through `ports` and the stores."""
