"""The peak memory of this process."""


def peak() -> float:
    """Return the peak in MB. `getrusage` would include the parent's, from before the exec."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM in /proc/self/status")
