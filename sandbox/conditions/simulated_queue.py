"""SQS and Lambda's event source mapping on virtual time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.conditions.physics import PhysicsSource
from sandbox.conditions.simulation import Simulation

Json = dict[str, Any]


@dataclass
class Message:
    """A message of a queue, and how often it was received."""

    message_id: str
    body: str
    receives: int = 0

    def record(self) -> Json:
        """Return the record of a function's event."""
        attributes = {"ApproximateReceiveCount": str(self.receives)}
        return {"messageId": self.message_id, "body": self.body, "attributes": attributes}


@dataclass
class Source:
    """An event source mapping, and the queue that it reads.

    `concurrency`: Lambda begins with five batches at once (Lambda Developer Guide, "Scaling
    behavior" of SQS event sources).
    """

    function: Callable[[Json], Json]
    batch_size: int = 10
    concurrency: int = 5
    visibility_seconds: float = 60.0
    max_receives: int = 5
    dead: list[Message] = field(default_factory=list)
    """Messages that failed every time."""
    visible: list[Message] = field(default_factory=list)
    running: int = 0


class SimulatedQueues:
    """`chalicelib.aws.wire.ServiceCall` for SQS. Each call, and each receipt, takes `queue_ms`."""

    def __init__(self, simulation: Simulation, physics: PhysicsSource, cpu: float = 0.0) -> None:
        self.sources: dict[str, Source] = {}
        """By the URL of the queue."""
        self._simulation = simulation
        self._physics = physics
        self._cpu = cpu
        self._sent = 0

    def __call__(self, operation: str, request: Mapping[str, Any]) -> Json:
        self._simulation.spend(self._cpu)
        source = self.sources[request["QueueUrl"]]
        answer: Json = {}
        if operation == "GetQueueAttributes":
            answer = {"Attributes": {"ApproximateNumberOfMessages": str(len(source.visible))}}
        elif operation == "SendMessage":
            self._send(source, request)
        else:
            for entry in request["Entries"]:
                self._send(source, entry)
            answer = {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}
        self._simulation.sleep(self._seconds)
        return answer

    def warm(self) -> None:
        """There is nothing to connect to."""

    @property
    def _seconds(self) -> float:
        return self._physics().queue_ms / 1000

    def _send(self, source: Source, entry: Mapping[str, Any]) -> None:
        self._sent += 1
        message = Message(str(self._sent), entry["MessageBody"])
        self._show(source, message, self._seconds + entry.get("DelaySeconds", 0))

    def _show(self, source: Source, message: Message, after: float) -> None:
        def show() -> None:
            source.visible.append(message)
            self._pump(source)

        self._simulation.after(after, show)

    def _pump(self, source: Source) -> None:
        while source.visible and source.running < source.concurrency:
            batch = source.visible[: source.batch_size]
            del source.visible[: source.batch_size]
            source.running += 1
            self._simulation.spawn(lambda batch=batch: self._receive(source, batch))  # type: ignore[misc]

    def _receive(self, source: Source, batch: list[Message]) -> None:
        for message in batch:
            message.receives += 1
        answer = source.function({"Records": [message.record() for message in batch]})
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for message in batch:
            if message.message_id not in failed:
                continue
            if message.receives < source.max_receives:
                self._show(source, message, source.visibility_seconds)
            else:
                source.dead.append(message)
        source.running -= 1
        self._pump(source)
