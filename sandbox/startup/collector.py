"""Python's garbage collector in a process that opens thousands of sockets."""

import gc


def collect_seldom() -> None:
    """Exempt all objects that are loaded now from collection, and collect the rest less often.

    moto, boto3 and Chalice are several hundred thousand objects; to walk through them again and
    again while sockets open took a third of the CPU of each socket. For the process of `chalice
    local` only: where sandboxes come and go, the exempt objects would never be freed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)
