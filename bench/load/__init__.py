"""A load test for any stack: speakers, listeners that join, drop and refresh, and the result."""

import sys
from pathlib import Path

# Use the SDK of this clone if none is installed.
sys.path.append(str(Path(__file__).parents[2] / "clients" / "python" / "src"))
