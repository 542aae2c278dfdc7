"""A stack of its own on this machine for a run of the suite."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.conformance.stack import Sandbox, Stack
from tools.local_stack import local_stack as started


@contextmanager
def local_stack(**settings: str) -> Iterator[Stack]:
    """`chalice local --stage local` on ports of its own, with settings by their variables."""
    with started(**settings) as stack:
        url = f"127.0.0.1:{stack.port}"
        operator = f"http://127.0.0.1:{stack.operator_port}"
        yield Stack(f"ws://{url}/local", Sandbox(f"http://{url}"), operator=operator)
