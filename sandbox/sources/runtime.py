"""The parts of a stack that its event sources use."""

from typing import Protocol

from sandbox.cloud.server import Cloud
from sandbox.conditions.clock import Activity, Clock
from sandbox.functions.pool import Pool


class Runtime(Protocol):
    """The endpoint with its tables and queues, the clock, and the threads of the functions."""

    @property
    def cloud(self) -> Cloud: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def activity(self) -> Activity: ...
