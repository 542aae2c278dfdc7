"""Faults on purpose: the plan that `/_sandbox/faults` changes in a running stack (PROTOCOL 7).

Each part of the sandbox asks the plan at every call for the fault that this call meets, and shows
it as AWS would.
"""

import random
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar


class FaultError(Exception):
    """A fault that no call could meet; the text says why."""


class Target(StrEnum):
    """The service whose calls a fault meets."""

    DYNAMODB = "dynamodb"
    MANAGEMENT = "management"
    GATEWAY = "gateway"


class Kind(StrEnum):
    """The effect of a fault on a call."""

    ERROR = "error"
    """Refused with 500; nothing is done."""
    THROTTLE = "throttle"
    """Refused as AWS does where a quota is used up; nothing is done."""
    GONE = "gone"
    """Refused with 410, although the socket is still open."""
    HANG = "hang"
    """Neither done nor refused, until the caller gives up or the fault ends."""
    DROP = "drop"
    """Lost: an event never arrives, a message is never delivered, a call gets no response."""
    DUPLICATE = "duplicate"
    """Done twice."""
    DELAY = "delay"
    """Done `seconds` later."""
    REORDER = "reorder"
    """Done after the next of its kind."""
    KILL = "kill"
    """Done, and then the handler that made the call is killed."""


WIRE = frozenset(Kind) - {Kind.KILL}
"""The faults that show in the response to a call. `kill` shows in its caller alone."""

ALLOWED: Mapping[Target, frozenset[Kind]] = {
    Target.DYNAMODB: frozenset(Kind) - {Kind.GONE, Kind.REORDER},
    Target.MANAGEMENT: frozenset(Kind),
    Target.GATEWAY: frozenset(Kind) - {Kind.GONE},
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault: at a `rate` (0 to 1) or the next `times` calls, of one `operation` or of all.

    Operations are DynamoDB's names (`UpdateItem`), the management API's methods (`POST`) and the
    gateway's route keys (`$disconnect`).
    """

    target: Target
    kind: Kind
    rate: float | None = None
    times: int | None = None
    seed: int = 0
    operation: str | None = None
    seconds: float = 1.0

    @classmethod
    def parse(cls, body: Any) -> "Fault":
        """Parse `{"target","fault","rate"|"times","seed"?,"operation"?,"seconds"?}`.

        The gateway drops `$disconnect` unless another operation is named: API Gateway delivers
        that event on a best-effort basis, and loses no other.

        Raises:
            FaultError: a field is missing, unknown or out of range.
        """
        if not isinstance(body, dict):
            raise FaultError("a fault is a JSON object")
        known = {"target", "fault", "rate", "times", "seed", "operation", "seconds"}
        if unknown := set(body) - known:
            raise FaultError(f"unknown field {sorted(unknown)[0]!r}")
        target = _choice(Target, "target", body.get("target"))
        kind = _choice(Kind, "fault", body.get("fault"))
        lossy = (target, kind) == (Target.GATEWAY, Kind.DROP)
        fault = cls(
            target=target,
            kind=kind,
            rate=_number("rate", body.get("rate"), 0, 1),
            times=_whole("times", body.get("times")),
            seed=_whole("seed", body.get("seed")) or 0,
            operation=body.get("operation") or ("$disconnect" if lossy else None),
            seconds=_number("seconds", body.get("seconds"), 0, 900) or 1.0,
        )
        return fault.checked()

    def plain(self) -> dict[str, Any]:
        """Return the fault as `parse` takes it, without fields that are not set."""
        fields = {
            "target": self.target,
            "fault": self.kind,
            "rate": self.rate,
            "times": self.times,
            "seed": self.seed,
            "operation": self.operation,
            "seconds": self.seconds,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def checked(self) -> "Fault":
        """Return this fault. Raises FaultError if no call could meet it."""
        if (self.rate is None) == (self.times is None):
            raise FaultError("say either rate or times")
        if self.kind not in ALLOWED[self.target]:
            allowed = ", ".join(sorted(ALLOWED[self.target]))
            raise FaultError(f"fault {self.kind} is not one of {self.target}: {allowed}")
        return self


class FaultPlan:
    """The faults in force. The same faults with the same seeds meet the same calls again."""

    def __init__(self) -> None:
        self.on_change: list[Callable[[], None]] = []
        """Called when a fault comes into force, is used up or is ended. From any thread."""
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self._ended = threading.Event()

    def add(self, fault: Fault) -> None:
        """Put one more fault in force. Raises FaultError."""
        with self._lock:
            self._armed.append(_Armed(fault.checked()))
        self._changed()

    def clear(self) -> None:
        """End all faults, and every hang that they caused."""
        with self._lock:
            self._armed.clear()
            self._ended.set()
            self._ended = threading.Event()
        self._changed()

    def draw(self, target: Target, operation: str, kinds: Collection[Kind] = WIRE) -> Fault | None:
        """Return the fault that this call meets, or None. A call draws once for `kinds`."""
        if not self._armed:
            return None
        with self._lock:
            meeting = next(
                (
                    armed
                    for armed in self._armed
                    if armed.fault.kind in kinds and armed.meets(target, operation)
                ),
                None,
            )
        if meeting is None:
            return None
        if meeting.used_up:
            self._changed()
        return meeting.fault

    def hang(self, seconds: float) -> None:
        """Wait until all faults are ended, for at most `seconds`."""
        self._ended.wait(seconds)

    @property
    def in_force(self) -> bool:
        """True if there may be a fault in force; cheaper than `active`."""
        return bool(self._armed)

    @property
    def active(self) -> list[Fault]:
        """The faults in force, oldest first."""
        return [armed.fault for armed in self._armed if not armed.used_up]

    def _changed(self) -> None:
        for callback in self.on_change:
            callback()


class _Armed:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._left = fault.times
        self._random = random.Random(fault.seed)  # nosec B311 # to be repeatable

    @property
    def used_up(self) -> bool:
        """True once the fault has met as many calls as it was meant for."""
        return self._left == 0

    def meets(self, target: Target, operation: str) -> bool:
        fault = self.fault
        if target is not fault.target or fault.operation not in (None, operation):
            return False
        if fault.rate is not None:
            return self._random.random() < fault.rate
        if not self._left:
            return False
        self._left -= 1
        return True


_E = TypeVar("_E", bound=StrEnum)


def _choice(choices: type[_E], name: str, value: Any) -> _E:
    try:
        return choices(value)
    except ValueError:
        raise FaultError(f"{name} must be one of {', '.join(choices)}") from None


def _number(name: str, value: Any, least: float, most: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise FaultError(f"{name} must be a number from {least} to {most}")
    return float(value)


def _whole(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FaultError(f"{name} must be a whole number, 0 or more")
    return value
