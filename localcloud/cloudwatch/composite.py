"""The rule of a composite alarm: what it comes to, out of the states of other alarms. No I/O.

CloudWatch User Guide, "Create a composite alarm": ALARM(…), OK(…) and INSUFFICIENT_DATA(…) of an
alarm's name or ARN, TRUE, FALSE, NOT before AND before OR, parentheses. A name with blanks or
parentheses is in quotation marks. AT_LEAST is not known here.
"""

import re
from collections.abc import Mapping

from localcloud.cloudwatch.evaluation import ALARM, INSUFFICIENT, OK

_TOKEN = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<mark>[()])|(?P<word>[^\s()"]+))')
_CONSTANTS = {"TRUE": True, "FALSE": False}


class UnknownRuleError(Exception):
    """A rule that is not understood here, or that names an alarm which is not there."""


def holds(rule: str, states: Mapping[str, str]) -> bool:
    """Whether the composite alarm is in alarm; `states` are those of alarms by name and by ARN.

    Raises:
        UnknownRuleError: what of the rule is not understood.
    """
    reader = _Reader(rule, states)
    value = reader.either()
    if reader.left:
        raise UnknownRuleError(f"{reader.left[0][1]} in {rule}")
    return value


class _Reader:
    """Reads a rule from left to right, and says what each part comes to."""

    def __init__(self, rule: str, states: Mapping[str, str]) -> None:
        self._rule = rule
        self._states = states
        self.left = _tokens(rule)

    def either(self) -> bool:
        """Context with OR between them."""
        value = self._all()
        while self._takes("OR"):
            value = self._all() or value
        return value

    def _all(self) -> bool:
        value = self._one()
        while self._takes("AND"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._takes("NOT"):
            return not self._one()
        if self._takes("("):
            value = self.either()
            self._must_take(")")
            return value
        _, word = self._next()
        if word.upper() in _CONSTANTS:
            return _CONSTANTS[word.upper()]
        if word.upper() in (ALARM, OK, INSUFFICIENT):
            return self._state() == word.upper()
        raise UnknownRuleError(f"{word} in {self._rule}")

    def _state(self) -> str:
        self._must_take("(")
        _, name = self._next()
        self._must_take(")")
        if name not in self._states:
            raise UnknownRuleError(f"there is no alarm {name}")
        return self._states[name]

    def _takes(self, wanted: str) -> bool:
        found = (
            bool(self.left) and self.left[0][0] != "quoted" and self.left[0][1].upper() == wanted
        )
        if found:
            self.left.pop(0)
        return found

    def _must_take(self, wanted: str) -> None:
        if not self._takes(wanted):
            raise UnknownRuleError(f"no {wanted} where one belongs in {self._rule}")

    def _next(self) -> tuple[str, str]:
        if not self.left:
            raise UnknownRuleError(f"{self._rule} ends too early")
        return self.left.pop(0)


def _tokens(rule: str) -> list[tuple[str, str]]:
    """Kind (`quoted`, `mark`, `word`) and text of each token."""
    found, at, text = [], 0, rule.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnknownRuleError(f"{text[at:]} in {rule}")
        kind = str(match.lastgroup)
        found.append(
            (kind, re.sub(r"\\(.)", r"\1", match[kind]) if kind == "quoted" else match[kind])
        )
        at = match.end()
    return found
