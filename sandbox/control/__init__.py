"""`/_sandbox/*`: endpoints that only the sandbox has, and the pages of the console."""
