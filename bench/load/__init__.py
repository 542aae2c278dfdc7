"""Load on any stack: speakers, listeners that come and go and drop, and what came of it."""

import sys
from pathlib import Path

# The SDK as it is in this clone, where none is installed.
sys.path.append(str(Path(__file__).parents[2] / "clients" / "python" / "src"))
