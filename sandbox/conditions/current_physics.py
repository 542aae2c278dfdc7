"""The physics in force in a running stack, and their change by `/_sandbox/physics` (PROTOCOL 7)."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from sandbox.conditions.physics import OFF, PROFILES, Physics


class PhysicsError(Exception):
    """Physics that cannot be in force. The text says why, and names what there is."""


class CurrentPhysics:
    """Holds the figures in force. Thread-safe; each part asks for them anew at every call."""

    def __init__(self) -> None:
        self.on_change: list[Callable[[], None]] = []
        """Called after each change. From any thread."""
        self._figures = OFF
        self._lock = threading.Lock()

    def __call__(self) -> Physics:
        """Return the figures in force."""
        return self._figures

    def change(self, body: Any) -> Physics:
        """Put in force `{"profile": name}`, single figures, or a profile with other figures.

        Figures that are not named stay as they are, or as the profile has them.

        Raises:
            PhysicsError: a name is unknown, or a value has the wrong type or is out of range.
        """
        with self._lock:
            self._figures = figures = _parse(body, self._figures)
        self._changed()
        return figures

    def start_by(self, environ: Mapping[str, str]) -> None:
        """Put the profile `LECTERN_PHYSICS` in force, if it is set. Raises PhysicsError."""
        if name := environ.get("LECTERN_PHYSICS"):
            self._figures = _profile(name)

    def end(self) -> None:
        """Let nothing take time or be limited any more."""
        with self._lock:
            self._figures = OFF
        self._changed()

    def _changed(self) -> None:
        for callback in self.on_change:
            callback()


def plain(physics: Physics) -> dict[str, Any]:
    """Return the figures by their names, as JSON has them."""
    figures: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(physics))
    return figures


def _parse(body: Any, current: Physics) -> Physics:
    if not isinstance(body, dict) or not body:
        raise PhysicsError(f'say {{"profile": "aws"}} or figures; {_known()}')
    figures = dict(body)
    base = _profile(figures.pop("profile")) if "profile" in figures else current
    if unknown := sorted(set(figures) - set(Physics.__struct_fields__)):
        raise PhysicsError(f"there is no figure {unknown[0]!r}; {_known()}")
    return _checked({**plain(base), **figures})


def _profile(name: Any) -> Physics:
    if not isinstance(name, str) or name not in PROFILES:
        raise PhysicsError(f"there is no profile {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]


def _checked(figures: Mapping[str, Any]) -> Physics:
    try:
        physics = msgspec.convert(figures, Physics)
    except msgspec.ValidationError as problem:
        raise PhysicsError(f"{problem}; {_known()}") from None
    least, most = physics.index_lag_ms
    if least > most:
        raise PhysicsError("index_lag_ms is [least, most]: the first is larger than the second")
    return physics


def _known() -> str:
    figures = (f"{name} ({value})" for name, value in plain(PROFILES["aws"]).items())
    return f"there are, with the values of the profile aws: {', '.join(figures)}"
