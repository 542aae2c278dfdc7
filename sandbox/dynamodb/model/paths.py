"""Document paths (`a.b[0].c`): reading, replacing and projecting what lies at them.

Rules: Developer Guide, "Referring to item attributes when using expressions".
"""

from collections.abc import Sequence
from typing import Any

from sandbox.dynamodb.model.errors import invalid, invalid_for_item
from sandbox.dynamodb.model.values import Attributes, Value

Part = str | int
Path = tuple[Part, ...]
"""Names of attributes and positions in lists; the first part is a name."""

_INVALID = "The document path provided in the update expression is invalid for update"


def look_up(attributes: Attributes, path: Path) -> Value | None:
    """Return the value at `path`, or None."""
    value = attributes.get(path[0])  # type: ignore[arg-type]
    for part in path[1:]:
        if value is None:
            return None
        if isinstance(part, str):
            value = value["M"].get(part) if "M" in value else None
        else:
            elements = value.get("L", ())
            value = elements[part] if part < len(elements) else None
    return value


def put(attributes: Attributes, path: Path, value: Value | None) -> None:
    """Set, or remove, what lies at `path`. Copy the containers on the way.

    `attributes` itself must be the caller's own. A position behind the end of a list appends.

    Raises:
        ItemError: a container on the way does not exist.
    """
    head, rest = str(path[0]), path[1:]
    if rest:
        value = _replaced(attributes.get(head), rest, value)
    if value is None:
        attributes.pop(head, None)
    else:
        attributes[head] = value


def project(attributes: Attributes, paths: Sequence[Path]) -> Attributes:
    """Return a copy of `attributes` with only what lies at `paths`."""
    tree: dict[Part, Any] = {}
    for path in paths:
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
    return _projected_map(attributes, tree)


def check_overlaps(label: str, paths: Sequence[Path]) -> None:
    """Raise ValidationException if one path lies within another, or two disagree about a type."""
    for index, first in enumerate(paths):
        for second in paths[index + 1 :]:
            common = min(len(first), len(second))
            if first[:common] == second[:common]:
                raise _overlap(label, "overlap with each other", first, second)
            differs = next(at for at in range(common) if first[at] != second[at])
            if type(first[differs]) is not type(second[differs]):
                raise _overlap(label, "conflict with each other", first, second)


def _overlap(label: str, problem: str, first: Path, second: Path) -> Exception:
    return invalid(
        f"Invalid {label}: Two document paths {problem}; must remove or rewrite one of these "
        f"paths; path one: {_shown(first)}, path two: {_shown(second)}"
    )


def _shown(path: Path) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else part for part in path)
    return f"[{', '.join(parts)}]"


def _replaced(container: Value | None, path: Path, value: Value | None) -> Value:
    part, rest = path[0], path[1:]
    if isinstance(part, str):
        if container is None or "M" not in container:
            raise invalid_for_item(_INVALID)
        inner = dict(container["M"])
        if rest:
            inner[part] = _replaced(inner.get(part), rest, value)
        elif value is None:
            inner.pop(part, None)
        else:
            inner[part] = value
        return {"M": inner}
    if container is None or "L" not in container:
        raise invalid_for_item(_INVALID)
    elements = list(container["L"])
    found = elements[part] if part < len(elements) else None
    if rest:
        elements[part : part + 1] = [_replaced(found, rest, value)]
    else:
        elements[part : part + 1] = [] if value is None else [value]
    return {"L": elements}


def _projected_map(attributes: Attributes, tree: dict[Part, Any]) -> Attributes:
    found = {}
    for part, branch in tree.items():
        value = attributes.get(part)  # type: ignore[arg-type]
        shown = value and _projected(value, branch)
        if shown:
            found[str(part)] = shown
    return found


def _projected(value: Value, tree: dict[Part, Any]) -> Value | None:
    if not tree:
        return value
    if "M" in value:
        inner = _projected_map(value["M"], tree)
        return {"M": inner} if inner else None
    if "L" not in value:
        return None
    elements = value["L"]
    positions = sorted(part for part in tree if isinstance(part, int) and part < len(elements))
    shown = (_projected(elements[position], tree[position]) for position in positions)
    found = [each for each in shown if each]
    return {"L": found} if found else None
