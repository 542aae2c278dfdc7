"""The cost of a session on AWS: counted here, at list prices, beside a naive design and a floor.

One meter counts everything (`bench/billing`): the usage of each action, times how often it happens.
The naive design is `bench/peer/sessions.py`; the floor is what API Gateway charges for the
connections and for the messages of the protocol. docs/run/cost.md has the arithmetic.
"""

from dataclasses import fields

from bench.billing.picture import draw
from bench.billing.prices import Usage
from bench.billing.rooms import ACTIONS, Counted, Room, counted, floor
from bench.harness import Report, Row, exact

SIZES = (1, 3, 10, 30, 100, 300, 500)
STAGES = (1, 3, 10, 30, 100, 300)
_BY_SIZE = [Room(size) for size in SIZES]
_BY_STAGE = [Room(100, sessions=sessions) for sessions in STAGES]
_STANDARD = Room(100, sessions=100)
_MICRO = 1e6


def main(rounds: int = 1) -> list[Report]:
    """Return three tables: each action, sessions by size, and a thousand listener-hours by item."""
    del rounds  # counts do not vary; Lambda's time does, and is a fiftieth of the bill
    with counted() as designs:
        draw(
            [
                ("listeners of a session, alone in its stage", SIZES, _curves(designs, _BY_SIZE)),
                ("sessions of 100 listeners at a time", STAGES, _curves(designs, _BY_STAGE)),
            ]
        )
        return [*map(_actions, designs, designs.values()), _rooms(designs), _bill(designs)]


def _actions(name: str, design: Counted) -> Report:
    report = Report(
        f"Usage of each action, {name}",
        "In a session with two listeners. Units of DynamoDB, indexes and transactions included; "
        "Lambda "
        "at 256 MB; a job of the queue is three requests. µ$ is a millionth of a dollar.",
    )
    for action in ACTIONS:
        used = design.few[action]
        figures = {
            field.name.replace("_", " "): getattr(used, field.name) for field in fields(used)
        }
        del figures["connection minutes"]  # of a stay, not of an action
        figures["µ$"] = used.total * _MICRO
        report.rows.append(Row(action.replace("_", " "), exact(figures)))
    return report


def _rooms(designs: dict[str, Counted]) -> Report:
    report = Report(
        "USD for 1,000 listener-hours",
        "Sessions of two hours, one alone in its stage or several at a time; without the cost of "
        "an idle stage. One broadcast of 300 bytes a minute, unless stated otherwise.",
    )
    rooms = {f"{room.listeners} listeners": room for room in _BY_SIZE}
    rooms |= {f"{room.sessions} sessions of 100": room for room in _BY_STAGE[1:]}
    rooms["100 sessions of 100, nothing said"] = Room(100, 100, broadcasts_a_minute=0)
    rooms["100 sessions of 100, captions: 20 a minute"] = Room(100, 100, broadcasts_a_minute=20)
    for name, room in rooms.items():
        report.rows.append(Row(name, exact(_dollars(designs, room))))
    ours, theirs, least = _dollars(designs, _STANDARD).values()
    report.require_at_most("ratio of Lectern to the floor, 100 sessions of 100", ours / least, 1.5)
    report.require_at_most(
        "ratio of Lectern to the naive design, 100 sessions of 100", ours / theirs, 1 / 3
    )
    return report


def _bill(designs: dict[str, Counted]) -> Report:
    report = Report("1,000 listener-hours of 100 sessions of 100, in USD", "By billed quantity.")
    scale = 1000 / (_STANDARD.sessions * _STANDARD.listeners * _STANDARD.hours)
    used = {name: design.stage(_STANDARD) for name, design in designs.items()}
    used["floor"] = floor(_STANDARD)
    for billed in Usage().dollars():
        figures = {name: each.dollars()[billed] * scale for name, each in used.items()}
        report.rows.append(Row(billed.replace("_", " "), exact(figures)))
    return report


def _dollars(designs: dict[str, Counted], room: Room) -> dict[str, float]:
    dollars = {name: room.per_thousand(design.stage(room)) for name, design in designs.items()}
    return dollars | {"floor": room.per_thousand(floor(room))}


def _curves(designs: dict[str, Counted], rooms: list[Room]) -> dict[str, list[float]]:
    points = [_dollars(designs, room) for room in rooms]
    return {name: [each[name] for each in points] for name in points[0]}
