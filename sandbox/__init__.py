"""The AWS that the stack needs, on one machine. Never packaged."""

from chalice.app import Chalice


def start(app: Chalice) -> None:
    """Starts the sandbox in the process of `chalice local`; does nothing anywhere else."""
    # Not at the top: who needs only a part, such as the tables, need not load all of it.
    from sandbox.startup.launch import launch  # noqa: PLC0415

    launch(app)
