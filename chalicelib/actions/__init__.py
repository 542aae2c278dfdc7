"""The use cases, by package. They reach the outside through `ports` and the stores."""
