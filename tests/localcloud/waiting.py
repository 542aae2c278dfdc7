"""A function that runs until a test lets it return."""

import threading
from collections.abc import Callable
from typing import Any

from tests.localcloud.world import World, eventually

WAITS = """
import os, pathlib, time
def handler(event, context):
    pathlib.Path(event["begun"]).touch()
    while not os.path.exists(event["go"]):
        time.sleep(0.005)
    return os.getpid()
"""


def begun(world: World, name: str, folder: Any, mark: str) -> Callable[[], Any]:
    """Call the waiting function in a thread; return a callable that waits for its result."""
    answers: list[Any] = []
    event = {"begun": str(folder / mark), "go": str(folder / "go")}
    thread = threading.Thread(target=lambda: answers.append(world.call(name, event)))
    thread.start()
    eventually((folder / mark).exists)

    def answer() -> Any:
        thread.join()
        return answers[0]

    return answer
