"""How much memory a process has used at most, as Linux counts it."""

from pathlib import Path

MEGABYTE = 1024


def high_water(pid: int) -> int:
    """The most that the process had resident so far, in megabytes; 0 where it can't be told."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / MEGABYTE)
    return 0
