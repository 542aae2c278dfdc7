"""An app with one function of every kind that the stack has."""

from chalice.app import Rate

from tests.sandbox.plane import RecordingApp


class StackApp(RecordingApp):
    """Records the events of sockets, schedules, the stream and jobs."""

    def __init__(self) -> None:
        super().__init__()
        app = self.chalice
        self.record("every_minute", app.schedule(Rate(1, unit=Rate.MINUTES), name="every_minute"))
        stream = app.on_dynamodb_record(
            stream_arn="${module.tables.sessions_stream_arn}",
            name="changes",
            maximum_batching_window_in_seconds=1,
        )
        self.record("changes", stream)
        self.record(
            "jobs",
            app.on_sqs_message(queue="${module.jobs.queue_name}", name="jobs", batch_size=10),
        )

    def bodies(self, function: str = "jobs") -> list[str]:
        """Return the bodies of the next batch of jobs."""
        return [record["body"] for record in self.saw(function)["Records"]]
