"""The metrics that SQS sends to CloudWatch once a minute for every queue."""

from collections.abc import Iterator

from localcloud.context import Context
from localcloud.metrics import Metric
from sandbox.cloud.sqs_time import sqs_time


def measure_queues(context: Context, end: int) -> None:
    """Add one data point to each metric of every queue, for the minute before `end`."""
    for metric, value in context.cloud.run(lambda: list(_measured(context, end))):
        context.metrics.add(metric, end - 1, value)


def _measured(context: Context, end: int) -> Iterator[tuple[Metric, float]]:
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
