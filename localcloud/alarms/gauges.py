"""What SQS tells CloudWatch of every queue, once a minute."""

from collections.abc import Iterator

from localcloud.measures import Metric
from localcloud.parts import Parts
from sandbox.dynamodb.moto_extensions import sqs_time

Gauge = tuple[Metric, float]


def of_queues(parts: Parts, end: int) -> list[Gauge]:
    """Counts of each queue, and the age that its oldest message had at `end`, in seconds."""
    return parts.cloud.run(lambda: list(_measured(parts, end)))


def _measured(parts: Parts, end: int) -> Iterator[Gauge]:
    with sqs_time(parts.clock):
        for queue in parts.backend("sqs").queues.values():
            sent = [message.sent_timestamp for message in queue._messages]
            values = {
                "ApproximateNumberOfMessagesVisible": float(len(queue.messages)),
                "ApproximateNumberOfMessagesNotVisible": float(
                    queue.approximate_number_of_messages_not_visible
                ),
                "ApproximateNumberOfMessagesDelayed": float(
                    queue.approximate_number_of_messages_delayed
                ),
                "ApproximateAgeOfOldestMessage": max(end - min(sent, default=end), 0) / 1000,
            }
            for name, value in values.items():
                yield Metric.of("AWS/SQS", name, {"QueueName": queue.name}), value
