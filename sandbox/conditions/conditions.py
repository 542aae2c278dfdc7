"""The conditions of one stack together, as its parts are given them."""

from dataclasses import dataclass, field

from sandbox.conditions.clock import Clock
from sandbox.conditions.current_physics import CurrentPhysics
from sandbox.conditions.faults import FaultPlan


@dataclass(frozen=True)
class Conditions:
    """The clock, the faults in force, and the physics in force."""

    clock: Clock = field(default_factory=Clock)
    faults: FaultPlan = field(default_factory=FaultPlan)
    physics: CurrentPhysics = field(default_factory=CurrentPhysics)
