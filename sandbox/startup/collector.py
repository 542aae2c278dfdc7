"""Python's garbage collector in a process that opens thousands of sockets."""

import gc


def collect_seldom() -> None:
    """Leaves out what is loaded now, which stays, and looks at the rest seven times less often.

    moto, boto3 and Chalice are several hundred thousand objects; walked through again and again
    while sockets open, they took a third of the CPU of each. For the process of `chalice local`
    only: where sandboxes come and go, what is left out would never be freed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)
