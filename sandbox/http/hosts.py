"""The hosts that a local stack answers (PROTOCOL 7): this machine, as its developer names it.

A page of another site must not reach the stack through the developer's browser. Its requests have
its `Origin`; after DNS rebinding, where its own name leads to this machine, they have that name as
their `Host`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?\Z")
_ORIGIN = re.compile(r"https?://(.+)\Z")


class AllowedHosts:
    """The names by which the stack may be called, with any port."""

    def __init__(self, others: str = "") -> None:
        """`others` are names besides those of this machine, separated by commas or spaces."""
        names = {_name(each) or each for each in re.split(r"[\s,]+", others.lower()) if each}
        self._names = THIS_MACHINE | names
        self.refusal = lru_cache(maxsize=256)(self._refusal)
        """`refusal(host, origin)` returns the reason to refuse a request, or None."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "AllowedHosts":
        """Return this machine and the names in `SANDBOX_HOSTS`."""
        return cls(environ.get("SANDBOX_HOSTS", ""))

    def refusal_of(self, hosts: Sequence[str], origins: Sequence[str]) -> str | None:
        """Return the reason to refuse a request with all these `Host`s and `Origin`s, or None."""
        if len(hosts) != 1 or len(origins) > 1:
            return "a request has one Host, and one Origin at most"
        return self.refusal(hosts[0], origins[0] if origins else None)

    def _refusal(self, host: str, origin: str | None) -> str | None:
        if _name(host.lower()) not in self._names:
            return self._say("Host", host)
        if origin is None:
            return None
        match = _ORIGIN.match(origin.lower())
        if match and _name(match[1]) in self._names:
            return None
        return self._say("Origin", origin)

    def _say(self, header: str, value: str) -> str:
        return (
            f"{header} {value[:100]!r} is not of this machine: the sandbox answers only"
            f" {', '.join(sorted(self._names))}, and hosts named in SANDBOX_HOSTS"
        )


def _name(host: str) -> str | None:
    match = _HOST.match(host)
    return match[1] if match else None
