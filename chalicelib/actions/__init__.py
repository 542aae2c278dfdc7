"""The use cases, in rooms. They reach the outside through `ports` and the stores."""
