"""The log of a deployed stack, from CloudWatch Logs: all functions' groups, merged by time."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from operate.failures import AccessDenied, Unreachable
from operate.loglines import Json, LineFilter, parsed

if TYPE_CHECKING:  # imported where the session is created
    import boto3

_LONGEST_PATTERN = 1024
_LATE_MILLIS = 10_000
"""CloudWatch returns lines late: each read goes back so far, and leaves out lines already shown."""
_PAUSE_SECONDS = 2.0


class CloudWatchLog:
    """The log groups `/aws/lambda/{stack}-…`; `stack` is `lectern-dev`, for example."""

    def __init__(self, session: "boto3.Session", stack: str) -> None:
        self._prefix = f"/aws/lambda/{stack}-"
        self._client: Any = session.client("logs")

    def groups(self) -> list[str]:
        """Return the log group of each function. Raises Unreachable if there is none."""
        pages = self._client.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=self._prefix
        )
        found = [group["logGroupName"] for page in pages for group in page["logGroups"]]
        if not found:
            raise Unreachable(
                f"there is no log group {self._prefix}…",
                "name the stack, such as lectern-dev, with --stack, and its region with --region",
            )
        return found

    def lines(
        self,
        line_filter: LineFilter,
        since: float,
        *,
        follow: bool,
        on_group: Callable[[str], None] = lambda _: None,
        pause: Callable[[float], None] = time.sleep,
    ) -> Iterator[Json]:
        """Yield the lines since a time (seconds since the epoch), and new ones if `follow`.

        `on_group` is called with the name of each group before its first lines are read. Raises
        AccessDenied.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            groups = self.groups()
            start, seen = int(since * 1000), set[str]()
            while True:
                found = [
                    event
                    for group in groups
                    for event in self._events(group, line_filter, start, on_group)
                    if event["eventId"] not in seen
                ]
                found.sort(key=lambda event: event["timestamp"])
                yield from _parsed(found)
                if not follow:
                    return
                seen |= {event["eventId"] for event in found}
                start = max([start, *(each["timestamp"] - _LATE_MILLIS for each in found)])
                pause(_PAUSE_SECONDS)
        except (BotoCoreError, ClientError) as error:
            raise AccessDenied(
                f"CloudWatch Logs: {error}",
                "you need logs:DescribeLogGroups and logs:FilterLogEvents",
            ) from None

    def _events(
        self, group: str, line_filter: LineFilter, start: int, on_group: Callable[[str], None]
    ) -> Iterator[dict[str, Any]]:
        on_group(group.removeprefix(self._prefix))
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=start, filterPattern=pattern(line_filter)
        )
        for page in pages:
            yield from page["events"]


def pattern(line_filter: LineFilter) -> str:
    """Return CloudWatch's filter pattern; `LineFilter.matches` does what a pattern cannot."""
    if line_filter.session is None:
        return "{ $.event = * }"
    names = [f'($.sessionId = "{line_filter.session}")']
    names += [f'($.connection = "{each}")' for each in sorted(line_filter.connections)]
    text = "{ " + " || ".join(names) + " }"
    return text if len(text) <= _LONGEST_PATTERN else "{ $.event = * }"


def _parsed(events: list[dict[str, Any]]) -> Iterator[Json]:
    for event in events:
        line = parsed(event["message"])
        if line is not None:
            yield line
