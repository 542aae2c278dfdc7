"""Lambda on one machine: the handlers of the app, called in its process."""
