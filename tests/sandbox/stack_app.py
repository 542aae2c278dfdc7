"""An app with one function of every kind that the stack has; a test sets their responses."""

import queue
from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, Cron, Rate

from tests.sandbox.plane import PATIENCE

Answer = Callable[[dict[str, Any]], Any]


class StackApp:
    """Records every event by the name of its function."""

    def __init__(self) -> None:
        self.chalice = Chalice("stack", env={})
        self.events: dict[str, queue.Queue[dict[str, Any]]] = {}
        self.answers: dict[str, Answer] = {}
        app = self.chalice
        for route in ("connect", "message", "disconnect"):
            self._add(route, getattr(app, f"on_ws_{route}")(name=route))
        self._add("every_minute", app.schedule(Rate(1, unit=Rate.MINUTES), name="every_minute"))
        self._add("at_six", app.schedule(Cron(0, 6, "*", "*", "?", "*"), name="at_six"))
        stream = app.on_dynamodb_record(
            stream_arn="arn:local", name="changes", maximum_batching_window_in_seconds=1
        )
        self._add("changes", stream)
        self._add(
            "jobs", app.on_sqs_message(queue_arn="arn:a:b:c:d:jobs", name="jobs", batch_size=10)
        )

    def saw(self, function: str) -> dict[str, Any]:
        """Wait for the function's next event and return it."""
        return self.events[function].get(timeout=PATIENCE)

    def saw_nothing(self, function: str) -> bool:
        """Return True if the function has had no further event so far."""
        return self.events[function].empty()

    def bodies(self, function: str = "jobs") -> list[str]:
        """Return the bodies of the next batch of jobs."""
        return [record["body"] for record in self.saw(function)["Records"]]

    def _add(self, name: str, decorate: Callable[[Callable[..., Any]], Any]) -> None:
        self.events[name] = queue.Queue()

        def handler(event: Any) -> Any:
            seen: dict[str, Any] = event.to_dict()
            self.events[name].put(seen)
            answer: Answer = self.answers.get(name, _default)
            return answer(seen)

        decorate(handler)


def _default(event: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": 200, "body": event.get("body", "")}
