"""One stack a worker: the one at LECTERN_URL, or one started here."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.conformance.process import local_stack
from tests.conformance.stack import Sandbox, Stack


@pytest.fixture(scope="session")
def running() -> Iterator[Stack]:
    url = os.environ.get("LECTERN_URL")
    if url:
        yield Stack(url, _sandbox_beside(url), json.loads(os.environ.get("LECTERN_TOKENS", "{}")))
        return
    with local_stack() as stack:
        yield stack


@pytest.fixture
async def stack(running: Stack) -> AsyncIterator[Stack]:
    """The stack; whatever the test opened is closed and looked over after it."""
    async with looked_over(running) as stack:
        yield stack


SECRET = "a secret of this suite's own, of 32 characters or more"
ISSUER, AUDIENCE = "https://issuer.example/", "lectern"


@pytest.fixture(scope="session")
def running_configured() -> Iterator[Stack]:
    if "LECTERN_URL" in os.environ:
        pytest.skip("needs a stack with settings of its own")
    settings = {"JWT_SECRET": SECRET, "JWT_ISSUER": ISSUER, "JWT_AUDIENCE": AUDIENCE}
    with local_stack(SESSION_MAX_DURATION_HOURS="1", **settings) as stack:
        yield stack


@pytest.fixture
async def configured(running_configured: Stack) -> AsyncIterator[Stack]:
    """A stack with an issuer, an audience and sessions of an hour, whose tokens we can sign."""
    async with looked_over(running_configured) as stack:
        yield stack


@asynccontextmanager
async def looked_over(running: Stack) -> AsyncIterator[Stack]:
    stack = Stack(running.url, running.sandbox, running.tokens, operator=running.operator)
    yield stack
    ids = await _connection_ids(stack)
    if stack.sandbox:
        await stack.end_faults()
    for client in stack.clients:
        await client.close()
    found = [problem for client in stack.clients for problem in client.problems()]
    assert not found, "\n".join(found)
    frames = [frame for client in stack.clients for frame in client.frames]
    leaked = [frame for frame in frames if any(each in frame for each in ids)]
    assert not leaked, f"connection ids never leave the stack (PROTOCOL 2): {leaked}"


async def _connection_ids(stack: Stack) -> list[str]:
    if stack.sandbox is None:
        return []
    return [item["connectionId"] for item in (await stack.state())["connections"]]


def _sandbox_beside(url: str) -> Sandbox | None:
    base = f"{urlsplit(url).scheme.replace('ws', 'http')}://{urlsplit(url).netloc}"
    try:
        with urlopen(f"{base}/_sandbox/token?sub=probe", timeout=10) as answer:  # noqa: S310
            return Sandbox(base) if "token" in json.load(answer) else None
    except (URLError, ValueError):
        return None
