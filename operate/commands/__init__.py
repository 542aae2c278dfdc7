"""The commands, one function each: ask the API, show what it answered."""

from operate.commands import acting, looking, tailing
from operate.commands.tool import app

__all__ = ["acting", "app", "looking", "tailing"]
