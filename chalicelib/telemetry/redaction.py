"""What must not be in a log: tokens, addresses, payloads; and connection ids only as a hash.

First by the name of a field, then by what its text looks like. Both are nets below the rule that
nobody logs such things in the first place, so they would rather hide too much.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

REDACTED = "[redacted]"

# Field names, in lower case and without underscores.
_HIDDEN_NAMES = frozenset(
    """
    authorization body cookie data headers ip message multivalueheaders params password payload
    query querystringparameters result setcookie subprotocol tokens useragent
    """.split()  # noqa: SIM905 - a list would take a line a name
)
_HIDDEN_ENDINGS = (
    "address",
    "addresses",
    "credentials",
    "secret",
    "signature",
    "sourceip",
    "token",
)
_CONNECTION_ENDINGS = ("connectionid", "connectionids", "supersededby")

_SENSITIVE = re.compile(
    r"""
      (?i:\bbearer[ .]+)[^\s,"']+
    | (?i:\b\w*(?:token|authorization|secret|password)["']?\s*[=:]\s*["']?)
      (?i:(?:basic|bearer)\s+)?[^\s"'&,;}]+
    | (?:eyJ|ewo|ewk|ew0)[\w-]{6,}(?:\.[\w=-]+)*                # a JWT: "{" in base64
    | \br1\.[\w-]{20,}                                          # a resume token
    | @connections/[^\s"'?]+                                    # the path of a post
    | [\w-]{11,20}(?:={1,2}|%3[Dd])(?!\w)                       # a connection id of API Gateway
    | [0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?:%\w+)?     # IPv6
    | \d{1,3}(?:\.\d{1,3}){3}                                   # IPv4
    """,
    re.VERBOSE | re.ASCII,
)
_LONG_RUN = re.compile(r"[A-Za-z0-9_+/=-]{32,}")
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)

_MOST_SCANNED = 10_000  # characters of a text that are looked at
_MOST_KEPT = 1_000  # characters of a text that are logged
_MOST_ITEMS = 50
_DEEPEST = 4


def redacted_text(text: str) -> str:
    """`text`, shortened, with what looks like a token, a connection id or an address hidden."""
    plain = text[:_MOST_SCANNED].encode("utf-8", "replace").decode()  # lone surrogates become "?"
    return _SENSITIVE.sub(REDACTED, _LONG_RUN.sub(_hide_if_random, plain))[:_MOST_KEPT]


def without_quotes(text: str) -> str:
    """`text` of an exception without what Python quotes in it, which is often somebody's input."""
    return _QUOTED.sub("'...'", text[:_MOST_SCANNED])


def _hide_if_random(match: re.Match[str]) -> str:
    # UUIDs, hexadecimal hashes and names of resources have one case only; a token has all three.
    run = match.group()
    kinds = (str.isupper, str.islower, str.isdigit)
    return REDACTED if all(any(map(kind, run)) for kind in kinds) else run


class Redactor:
    """Cleans fields for one line; `hash_connection` makes of a connection id what may be logged."""

    def __init__(self, hash_connection: Callable[[str], str]) -> None:
        self._hash = hash_connection

    def fields(self, fields: Mapping[str, object], known_id: str | None = None) -> dict[str, Any]:
        """`fields` with camelCase names and clean values; `known_id` is hashed wherever it is."""
        return self._mapping(fields, known_id, _DEEPEST)

    def text(self, text: str, known_id: str | None = None) -> str:
        """`text` without `known_id` and all that `redacted_text` hides."""
        if known_id:
            text = text.replace(known_id, self._hash(known_id))
        return redacted_text(text)

    def _mapping(
        self, fields: Mapping[Any, object], known: str | None, depth: int
    ) -> dict[str, Any]:
        items = list(fields.items())[:_MOST_ITEMS]
        names = [self.text(_camel_case(str(name)), known) for name, _ in items]
        return {
            name: self._field(name, value, known, depth)
            for name, (_, value) in zip(names, items, strict=True)
        }

    def _field(self, name: str, value: object, known: str | None, depth: int) -> object:
        plain = name.lower()
        if plain in _HIDDEN_NAMES or plain.endswith(_HIDDEN_ENDINGS):
            return REDACTED
        if plain.endswith(_CONNECTION_ENDINGS):
            return self._hashed(value)
        return self._value(value, known, depth - 1)

    def _hashed(self, value: object) -> object:
        if value is None:
            return None
        if isinstance(value, str):
            return self._hash(value)
        if isinstance(value, Iterable):
            return [self._hashed(item) for item in list(value)[:_MOST_ITEMS]]
        return REDACTED

    def _value(self, value: object, known: str | None, depth: int) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value, known)
        if depth > 0 and isinstance(value, Mapping):
            return self._mapping(value, known, depth)
        if depth > 0 and isinstance(value, list | tuple | set | frozenset):
            return [self._value(item, known, depth - 1) for item in list(value)[:_MOST_ITEMS]]
        return f"<{type(value).__name__}>"


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
