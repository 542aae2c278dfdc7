"""Frames and handshakes that no client would send, from a seed: the same seed gives the same ones.

Some are messages that are nearly right, some were right until bytes of them changed, some are
nothing at all. Not hypothesis: a hundred thousand of them must take a minute, and none is shrunk.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.protocol.requests import ACTIONS

_NASTY: Sequence[Any] = (
    *(None, True, False, 0, -1, 1.5, 2**53 + 1, 2**64, -(2**200), 1e308),
    *("", " ", "\x00", "\n", "\ud800", "\u202e\u0000", "é" * 70, "x" * 130, "x" * 5000),
    *("#isActive", ":zero", "__proto__", "*", "es", "en-US", "zh-Hans-CN", "es\n"),
    *("0.5", "1e400", "null", "speaker", "listener", "standard", "sessionReport", "questions"),
    *([], [[]], {}, {"": ""}, {"*": 0}, {"*": -1}, {"*": 2**60}, {"es": "1"}),
    {"a": {"b": {"c": []}}},
)
_FIELDS = (
    *("action", "id", "sessionId", "targetLanguage", "sourceLanguage", "qualityTier", "role"),
    *("resumeToken", "lastSeq", "wantSeq", "token", "volume", "data", "topic", "request", "params"),
    *("requestId", "connectionId", "tenantId", "type", "timestamp", "", "\x00", "ä", "a" * 300),
)
_TEXTS = (
    *("", " ", "null", "{", "}", "[", '"', "{}", "[]", "NaN", "1e999", "\ufeff{}", "{}{}", "\x00"),
    *('{"action":', '{"action":"heartbeat"', "{'action':'heartbeat'}", '{"action":"\\ud800"}'),
    *('{"action":"heartbeat","action":"endSession"}', '{"action":"heartbeat"}//', "\\"),
    *("[" * 2000, '{"a":' * 2000, "9" * 5000, '{"action":"broadcast","data":"' + "x" * 140_000),
)
_KEYS = ("role", "token", "action", "sessionId", "targetLanguage", "sourceLanguage", "resumeToken")
_HEADERS = ("Authorization", "Sec-WebSocket-Protocol", "Cookie", "X-Forwarded-For", "Host", "é")
_MARKUP = '{}[]":,\\\x00\n0129eE+-.tfnu \u2028ä'


class Fuzz:
    """Makes frames and handshakes. `right` has for fields some values that may well be right."""

    def __init__(self, seed: int, right: Mapping[str, Sequence[Any]]) -> None:
        self._random = random.Random(seed)
        self._right = right
        self._any = [value for values in right.values() for value in values]
        self._kinds: list[Callable[[], str]] = [self._nearly, self._altered, self._nothing]

    def frame(self) -> str:
        """Return one text frame."""
        return self._random.choices(self._kinds, [6, 3, 1])[0]()

    def query(self) -> dict[str, str]:
        """Return the query parameters of a handshake, decoded."""
        keys = self._random.sample(_KEYS, self._random.randint(0, len(_KEYS)))
        query = {key: self._text(key) for key in keys}
        if self._random.random() < 0.6:
            query["action"] = self._random.choice(
                ("createSession", "joinSession", "refreshConnection")
            )
        if self._random.random() < 0.3:
            query["lastSeq"] = json.dumps(self._value("lastSeq"))
        if self._random.random() < 0.6:
            query["role"] = self._random.choice(("speaker", "listener"))
        return query

    def headers(self) -> dict[str, str]:
        """Return the headers of a handshake."""
        names = self._random.sample(_HEADERS, self._random.randint(0, 2))
        prefixes = ("", "Bearer ", "bearer", "Basic ", "lectern.v1, bearer.", ",", "lectern.v1")
        return {name: self._random.choice(prefixes) + self._text("token") for name in names}

    def altered(self, data: bytes) -> bytes:
        """`data` with a few bytes changed, lost, doubled or out of place."""
        changed = bytearray(data)
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(changed) + 1)
            length = self._random.choice((0, 1, 1, 2, 8, 64))
            put = self._random.choice(
                (b"", self._random.randbytes(length), bytes(changed[:length]), b"\r\n", b"\x00")
            )
            changed[at : at + length] = put
        return bytes(changed)

    def _nearly(self) -> str:
        """Return a message whose fields may each be valid, invalid, missing or unknown."""
        action = self._random.choice(sorted(ACTIONS))
        known = ACTIONS[action].__struct_encode_fields__
        fields: dict[str, Any] = {"action": action}
        for name in known:
            if self._random.random() < 0.9:
                fields[name] = self._value(name)
        for _ in range(self._random.choice((0, 0, 0, 1, 3))):
            fields[self._random.choice(_FIELDS)] = self._value("")
        return json.dumps(fields, ensure_ascii=self._random.random() < 0.5)

    def _altered(self) -> str:
        data = self._nearly().encode("utf-8", "surrogatepass")
        if self._random.random() < 0.5:
            return self.altered(data).decode("utf-8", "replace")
        at = self._random.randrange(len(data))
        return (data[:at] + self._markup().encode() + data[at:]).decode("utf-8", "replace")

    def _nothing(self) -> str:
        return self._random.choice((self._random.choice(_TEXTS), self._markup()))

    def _markup(self) -> str:
        return "".join(self._random.choices(_MARKUP, k=self._random.randint(1, 40)))

    def _value(self, field: str) -> Any:
        kind = self._random.random()
        if kind < 0.8 and field in self._right:
            return self._random.choice(self._right[field])
        return self._random.choice(self._any if kind < 0.9 else _NASTY)

    def _text(self, field: str) -> str:
        value = self._value(field)
        return value if isinstance(value, str) else json.dumps(value)
