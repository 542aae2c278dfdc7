"""The commands, one function each: call the API, print the response."""

from operate.commands import changes, logs, reports
from operate.commands.app import app

__all__ = ["app", "changes", "logs", "reports"]
