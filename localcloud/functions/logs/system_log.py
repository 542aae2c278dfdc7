"""Lambda's own lines in a function's log, in the applied format."""

from typing import Protocol

from localcloud.functions.configuration import Configuration
from localcloud.functions.logs import json_format, text_format
from localcloud.functions.results import InvocationReport


class SystemLog(Protocol):
    """The lines for each moment; none that the applied level leaves out."""

    def init_start(self, configuration: Configuration, /) -> list[str]:
        """Return the lines before an instance's first one."""
        ...

    def start(self, configuration: Configuration, request_id: str, /) -> list[str]:
        """Return the lines before an event."""
        ...

    def end(self, configuration: Configuration, done: InvocationReport, /) -> list[str]:
        """Return the lines after an event."""
        ...


def system_log(configuration: Configuration) -> SystemLog:
    """Return the system log in the function's format."""
    if configuration.logging.json:
        return json_format
    return text_format
