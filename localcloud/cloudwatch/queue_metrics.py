"""What SQS tells CloudWatch of every queue, once a minute."""

from collections.abc import Iterator

from localcloud.context import Context
from localcloud.metrics import Metric
from sandbox.dynamodb.moto_extensions import sqs_time

Gauge = tuple[Metric, float]


def of_queues(context: Context, end: int) -> list[Gauge]:
    """Counts of each queue, and the age that its oldest message had at `end`, in seconds."""
    return context.cloud.run(lambda: list(_measured(context, end)))


def _measured(context: Context, end: int) -> Iterator[Gauge]:
    with sqs_time(context.clock):
        for queue in context.backend("sqs").queues.values():
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
