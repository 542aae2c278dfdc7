"""Redaction of logs: no tokens, addresses or payloads, and connection ids only as hashes.

Values are hidden by the name of their field, and by what their text looks like. Both are safety
nets, as code must not log such values in the first place; so they hide too much rather than too
little.
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

_MAX_SCANNED = 10_000  # characters of a text that are searched
_MAX_KEPT = 1_000  # characters of a text that are logged
_MAX_ITEMS = 50
_MAX_DEPTH = 4


def redacted_text(text: str) -> str:
    """Return a text, shortened, without what looks like a token, connection id or address."""
    plain = text[:_MAX_SCANNED].encode("utf-8", "replace").decode()  # lone surrogates become "?"
    return _SENSITIVE.sub(REDACTED, _LONG_RUN.sub(_hide_if_random, plain))[:_MAX_KEPT]


def without_quotes(text: str) -> str:
    """Return an exception's text without its quoted parts, which are often a client's input."""
    return _QUOTED.sub("'...'", text[:_MAX_SCANNED])


def _hide_if_random(match: re.Match[str]) -> str:
    # UUIDs, hexadecimal hashes and names of resources have one case; a token has both, and digits.
    run = match.group()
    kinds = (str.isupper, str.islower, str.isdigit)
    return REDACTED if all(any(map(kind, run)) for kind in kinds) else run


class Redactor:
    """Redacts the fields of a line. `hash_connection` makes a connection id fit to be logged."""

    def __init__(self, hash_connection: Callable[[str], str]) -> None:
        self._hash = hash_connection

    def fields(self, fields: Mapping[str, object], known_id: str | None = None) -> dict[str, Any]:
        """Return fields with camelCase names and redacted values.

        `known_id` is hashed everywhere.
        """
        return self._mapping(fields, known_id, _MAX_DEPTH)

    def text(self, text: str, known_id: str | None = None) -> str:
        """Return a text redacted by `redacted_text`, with `known_id` hashed."""
        if known_id:
            text = text.replace(known_id, self._hash(known_id))
        return redacted_text(text)

    def _mapping(
        self, fields: Mapping[Any, object], known: str | None, depth: int
    ) -> dict[str, Any]:
        items = list(fields.items())[:_MAX_ITEMS]
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
            return [self._hashed(item) for item in list(value)[:_MAX_ITEMS]]
        return REDACTED

    def _value(self, value: object, known: str | None, depth: int) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value, known)
        if depth > 0 and isinstance(value, Mapping):
            return self._mapping(value, known, depth)
        if depth > 0 and isinstance(value, list | tuple | set | frozenset):
            return [self._value(item, known, depth - 1) for item in list(value)[:_MAX_ITEMS]]
        return f"<{type(value).__name__}>"


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
