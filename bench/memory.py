"""How much memory a process has needed."""


def peak() -> float:
    """The most, in MB. `getrusage` would count the parent's before the program was started."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM in /proc/self/status")
