"""What Lectern is measured by. Each module is one comparison; `make bench` runs them all."""
