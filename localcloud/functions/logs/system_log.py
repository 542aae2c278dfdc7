"""The lines that Lambda itself writes to a function's log, in the format that is applied."""

from typing import Protocol

from localcloud.functions.configuration import Configuration
from localcloud.functions.logs import json_format, text_format
from localcloud.functions.results import InvocationReport


class Words(Protocol):
    """What there is to say; nothing where the applied level leaves it out."""

    def init_start(self, configuration: Configuration, /) -> list[str]:
        """Before an instance's first line."""
        ...

    def start(self, configuration: Configuration, request_id: str, /) -> list[str]:
        """Before an event."""
        ...

    def end(self, configuration: Configuration, done: InvocationReport, /) -> list[str]:
        """After an event."""
        ...


def words(configuration: Configuration) -> Words:
    """Those of the format that the function has."""
    if configuration.logging.json:
        return json_format
    return text_format
