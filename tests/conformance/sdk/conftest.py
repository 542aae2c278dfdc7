"""Fixtures of the SDKs' suite. Each test runs with each SDK."""

import shutil
from collections.abc import AsyncIterator

import pytest

from tests.conformance.sdk.driver import Driver, World
from tests.conformance.sdk.javascript_driver import JavaScriptDriver
from tests.conformance.sdk.proxy import Proxy
from tests.conformance.sdk.python_driver import PythonDriver
from tests.conformance.sdk.steps import Pair, broadcast_numbers
from tests.conformance.stack import Stack


@pytest.fixture(params=["python", "javascript"])
async def driver(request: pytest.FixtureRequest) -> AsyncIterator[Driver]:
    if request.param == "javascript" and shutil.which("node") is None:
        pytest.skip("needs node 20 or newer")
    driver = PythonDriver() if request.param == "python" else await JavaScriptDriver.start()
    yield driver
    await driver.close()


@pytest.fixture
async def world(stack: Stack, driver: Driver) -> World:
    await stack.advance(0)  # skips without a clock to move
    return World(stack, driver)


@pytest.fixture
async def proxy(stack: Stack) -> AsyncIterator[Proxy]:
    """Return a proxy between one client and the stack."""
    async with Proxy(stack.url) as proxy:
        yield proxy


@pytest.fixture
async def pair(world: World, proxy: Proxy) -> Pair:
    """A speaker and a listener behind the proxy, after one broadcast."""
    speaker = await world.speaker(proxy.url)
    listener = await world.listener(speaker, "es", proxy.url)
    await broadcast_numbers(speaker, 1)
    return speaker, listener
