"""One scene for each thing that the stack does.

Scenes are small: every one is played again for each call that its act makes.
"""

from tests.invariants.scenes import entering, going, speaking, sweeping, working
from tests.invariants.scenes.stage import SCENES, Named, Scene

__all__ = ["SCENES", "Named", "Scene", "entering", "going", "speaking", "sweeping", "working"]
