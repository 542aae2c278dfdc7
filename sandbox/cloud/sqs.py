"""SQS's JSON protocol over moto's handlers, by the stack's clock."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlparse

from moto.core.exceptions import ServiceException
from moto.core.utils import camelcase_to_underscores
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse

from sandbox.cloud.sqs_time import sqs_time
from sandbox.http.identifiers import REGION


class SqsError(Exception):
    """A refusal: the error's code in SQS's query protocol, and the JSON body."""

    def __init__(self, code: str, body: str) -> None:
        super().__init__(body)
        self.code = code
        self.body = body


class Sqs:
    """All queues of one endpoint. Used by one thread at a time."""

    def __init__(self, account: str, clock: Callable[[], int]) -> None:
        # moto finds a dead-letter queue in its own registry of accounts and regions only.
        self._backend: SQSBackend = sqs_backends[account][REGION]
        self._clock = clock

    def call(self, operation: str, request: dict[str, Any], origin: str) -> str:
        """Carry out one operation and return JSON; queue URLs in it start with `origin`.

        Raises:
            SqsError: SQS would refuse the operation.
        """
        handler = _Handler(self._backend, request, origin)
        action = getattr(handler, camelcase_to_underscores(operation), None)
        if action is None:
            raise SqsError("InvalidAction", _error("UnknownOperationException", operation))
        try:
            with sqs_time(self._clock):
                result = action().result
        except ServiceException as refusal:
            name = type(refusal).__name__
            raise SqsError(refusal.code, _error(name, refusal.message)) from refusal
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            text = _error("InvalidParameterValue", repr(problem))
            raise SqsError("InvalidParameterValue", text) from problem
        return json.dumps(result or {})

    def queue(self, name: str) -> Queue:
        """Return moto's queue."""
        return self._backend.get_queue(name)

    def receive(self, name: str, count: int) -> list[Message]:
        """Receive up to `count` messages, invisible from now on for the visibility timeout."""
        with sqs_time(self._clock):
            timeout = self.queue(name).visibility_timeout
            messages: list[Message] = self._backend.receive_message(name, count, 0, timeout)
        return messages

    def visible(self, name: str) -> int:
        """Return the number of messages that may be received now."""
        with sqs_time(self._clock):
            return len(self.queue(name).messages)

    def delete(self, name: str, receipt_handle: str) -> None:
        """Delete a message that was received; one that is deleted already is no error."""
        self.queue(name).delete_message(receipt_handle)

    def visible_again_at(self, messages: list[Message]) -> float:
        """Return the first time, in milliseconds, at which one of these is in the queue again."""
        return min(_visible_at(message) for message in messages)

    def next_visible_at(self, name: str) -> float | None:
        """Return the time at which the next message may be received, in milliseconds, or None."""
        return min(map(_visible_at, self.queue(name)._messages), default=None)


def _visible_at(message: Message) -> float:
    # moto counts the last millisecond of a visibility timeout, but not that of a delay.
    again = message.visible_at + 1 if message.visible_at else 0.0
    return float(max(message.delayed_until, again))


class _Handler(SQSResponse):  # type: ignore[misc]
    """moto's request handler for a request that is parsed already."""

    def __init__(self, backend: SQSBackend, params: dict[str, Any], origin: str) -> None:
        super().__init__()
        self.params = params
        self.uri_match: dict[str, Any] = {}
        self.uri = origin
        self.path = urlparse(origin).path
        self._local = backend

    @property
    def sqs_backend(self) -> SQSBackend:
        return self._local


def _error(name: str, message: str) -> str:
    return json.dumps({"__type": f"com.amazonaws.sqs#{name}", "message": message})
