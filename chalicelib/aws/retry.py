"""Trying again: exponential backoff with full jitter, within a budget.

The rules are those of the AWS SDKs' standard mode ("Retry behavior", AWS SDKs and Tools Reference
Guide): a retry costs 5 of 500 tokens, 10 after a time-out, and a success gives back what it
cost, so that a service that is down is not hit by a storm of retries. Contention between
transactions costs nothing: it says nothing about the service's health.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from chalicelib.aws.refusals import NO_ANSWER, Refusal

T = TypeVar("T")

_TOKENS = 500
_LONGEST_DELAY = 1.0


def chance() -> float:
    """A random number in [0, 1). The `random` module costs a cold start more than it gives."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def full_jitter(base: float, tried: int, random: Callable[[], float] = chance) -> float:
    """Seconds to wait after `tried` tries: anything up to base, 2 base, 4 base, …, one second."""
    return random() * min(_LONGEST_DELAY, base * 2.0 ** (tried - 1))


class RetryTokens:
    """The budget that the retries of one client share. Thread-safe."""

    def __init__(self, tokens: int = _TOKENS) -> None:
        self._tokens = self._most = tokens
        self._lock = threading.Lock()

    def spend(self, cost: int) -> bool:
        """Takes `cost` tokens, if there are so many left."""
        with self._lock:
            if cost > self._tokens:
                return False
            self._tokens -= cost
            return True

    def give_back(self, cost: int) -> None:
        """Returns what the retry that succeeded had cost, and one token for any success."""
        with self._lock:
            self._tokens = min(self._most, self._tokens + max(cost, 1))


class Policy(NamedTuple):
    """How persistent a client is."""

    tries: int
    """In all, the first one included."""
    base: float
    """Seconds: the longest first delay; each later one may be twice as long."""
    seconds: float
    """After so long, no other try begins."""


class Retries:
    """Runs calls, trying again what may pass. One for each client; thread-safe."""

    def __init__(
        self,
        policy: Policy,
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = chance,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._sleep = sleep
        self._random = random
        self._now = now
        self._tokens = RetryTokens()

    def run(self, attempt: Callable[[], T]) -> T:
        """The answer of the first attempt that does not raise `Refusal`.

        Raises:
            UpstreamError: the last refusal's, once it cannot pass or the budget is spent.
        """
        end = self._now() + self._policy.seconds
        tried = cost = 0
        while True:
            try:
                answer = attempt()
            except Refusal as refusal:
                tried += 1
                cost = _cost(refusal)
                if not self._again(refusal, tried, end, cost):
                    raise refusal.error() from refusal
                self._sleep(full_jitter(self._policy.base, tried, self._random))
            else:
                self._tokens.give_back(cost)
                return answer

    def _again(self, refusal: Refusal, tried: int, end: float, cost: int) -> bool:
        if not refusal.passing or tried >= self._policy.tries or self._now() >= end:
            return False
        return self._tokens.spend(cost)


def _cost(refusal: Refusal) -> int:
    if refusal.contention:
        return 0
    return 10 if refusal.status == NO_ANSWER else 5
