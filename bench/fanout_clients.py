"""The clients that `fanout.py` compares, each in a process of its own.

    python -m bench.fanout_clients CLIENT URL COUNT warm|cold

posts COUNT messages of 300 bytes. `warm` sends others first, so that imports and connections are
not counted; `cold` counts CPU from the start of the process, and time from the first post.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.memory import peak

Fan = Callable[[list[str]], None]
"""A function that posts to these connections, and returns when all have responded."""

DATA = b'{"type":"broadcast","data":"' + b"x" * 270 + b'"}'
CONCURRENCY = 32
_WARM_UPS = 3
"""Fan-outs until every client has all of its connections open. Lectern opens one only when it
would have to wait otherwise, so it needs more posts than clients that open all at once."""


def lectern(url: str) -> Fan:
    """Lectern's own client, with all its retries, timeouts and limits."""
    from chalicelib import aws
    from chalicelib.domain.types import ConnectionId, Millis
    from chalicelib.settings import Settings

    settings = Settings(api_gateway_endpoint=url, fanout_concurrency=CONCURRENCY)
    management = aws.management(settings, os.environ, lambda: Millis(0))

    def fan(names: list[str]) -> None:
        posts = ((ConnectionId(name), DATA) for name in names)
        result = management.fan_out(posts, lambda: 60.0)
        assert result.delivered == len(names), result

    return fan


def floor(url: str) -> Fan:
    from bench import fanout_floor

    return fanout_floor.floor(url, DATA, CONCURRENCY)


def boto3_sequential(url: str) -> Fan:
    client = _boto3(url, 1)

    def fan(names: list[str]) -> None:
        for name in names:
            client.post_to_connection(ConnectionId=name, Data=DATA)

    return fan


def boto3_threads(url: str, threads: int) -> Fan:
    from concurrent.futures import ThreadPoolExecutor

    client = _boto3(url, threads)
    pool = ThreadPoolExecutor(threads)

    def post(name: str) -> None:
        client.post_to_connection(ConnectionId=name, Data=DATA)

    return lambda names: [None for _ in pool.map(post, names)].clear()


CLIENTS: dict[str, Callable[[str], Fan]] = {
    "Lectern": lectern,
    "boto3, one after the other": boto3_sequential,
    "boto3, 10 threads": lambda url: boto3_threads(url, 10),
    "boto3, 32 threads": lambda url: boto3_threads(url, 32),
    "floor: sockets and epoll": floor,
}


def _boto3(url: str, threads: int) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(max_pool_connections=threads)
    return boto3.client("apigatewaymanagementapi", endpoint_url=url, config=config)


def main() -> None:
    client, url, count, temperature = sys.argv[1:]
    names = [f"L0SM9cOFvHcC{number:05d}=" for number in range(int(count))]
    fan = CLIENTS[client](url)
    cpu = 0.0
    if temperature == "warm":
        for _ in range(_WARM_UPS):
            fan([f"warm{number}" for number in range(1000 if client == "Lectern" else 100)])
        cpu = time.process_time()
    begun = time.perf_counter()
    fan(names)
    wall = time.perf_counter() - begun
    spent = time.process_time() - cpu
    figures = {"CPU µs a post": spent / len(names) * 1e6, "wall ms": wall * 1000, "MB": peak()}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
