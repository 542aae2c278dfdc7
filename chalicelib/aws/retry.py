"""Retries: exponential backoff with full jitter, within a budget.

The rules are those of the AWS SDKs' standard mode ("Retry behavior", AWS SDKs and Tools Reference
Guide): a retry costs 5 of 500 tokens, 10 after a timeout, and a success gives back what it
cost, so that a service that is down is not hit by a storm of retries. Contention between
transactions is free: it says nothing about the service's health.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from chalicelib.aws.refusals import NO_RESPONSE, Refusal

T = TypeVar("T")

_TOKENS = 500
_MAX_DELAY = 1.0


def random_fraction() -> float:
    """Return a random number in [0, 1). Importing `random` would cost a cold start too much."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def full_jitter(base: float, tried: int, random: Callable[[], float] = random_fraction) -> float:
    """Return the seconds to wait after `tried` tries: up to base, 2 base, 4 base, …, one second."""
    return random() * min(_MAX_DELAY, base * 2.0 ** (tried - 1))


class RetryTokens:
    """The budget that the retries of one client share. Thread-safe."""

    def __init__(self, tokens: int = _TOKENS) -> None:
        self._tokens = self._maximum = tokens
        self._lock = threading.Lock()

    def spend(self, cost: int) -> bool:
        """Take `cost` tokens. Return False if fewer are left."""
        with self._lock:
            if cost > self._tokens:
                return False
            self._tokens -= cost
            return True

    def give_back(self, cost: int) -> None:
        """Give back what the successful retry cost, and at least one token for any success."""
        with self._lock:
            self._tokens = min(self._maximum, self._tokens + max(cost, 1))


class Policy(Struct, frozen=True):
    """The limits of a client's retries."""

    tries: int
    """The maximum number of tries, the first one included."""
    base: float
    """The maximum first delay, in seconds. It doubles with each retry."""
    seconds: float
    """Seconds after which no retry begins."""


class Retries:
    """Runs calls, and retries those that may succeed later. One for each client; thread-safe."""

    def __init__(
        self,
        policy: Policy,
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_fraction,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._sleep = sleep
        self._random = random
        self._now = now
        self._tokens = RetryTokens()

    def run(self, attempt: Callable[[], T], first: Callable[[], T] | None = None) -> T:
        """Return the result of the first attempt that does not raise Refusal.

        `first` stands for the first attempt: it waits for one that is on its way already.

        Raises:
            UpstreamError: the last refusal is not retryable, or the budget is spent.
        """
        end = self._now() + self._policy.seconds
        tried = cost = 0
        while True:
            try:
                response = attempt() if first is None or tried else first()
            except Refusal as refusal:
                tried += 1
                cost = _cost(refusal)
                if not self._again(refusal, tried, end, cost):
                    raise refusal.error() from refusal
                self._sleep(full_jitter(self._policy.base, tried, self._random))
            else:
                self._tokens.give_back(cost)
                return response

    def _again(self, refusal: Refusal, tried: int, end: float, cost: int) -> bool:
        if not refusal.is_retryable or tried >= self._policy.tries or self._now() >= end:
            return False
        return self._tokens.spend(cost)


def _cost(refusal: Refusal) -> int:
    if refusal.is_contention:
        return 0
    return 10 if refusal.status == NO_RESPONSE else 5
