"""The records of a table's stream, by session: one that fails does not hold up the others."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.types import SessionId
from chalicelib.errors import LecternError
from chalicelib.stores.attributes import Item, from_attributes

T = TypeVar("T")
Record = Mapping[str, Any]


def for_each_session(
    services: Services,
    records: Sequence[Record],
    remaining: Remaining,
    handle: Callable[[Services, SessionId, Sequence[Record], Remaining], None],
) -> list[str]:
    """Call `handle` with the records of each session, in order.

    Return the sequence number of the first record of each session that failed: Lambda retries the
    batch from the lowest one on.
    """
    failed = []
    for session_id, theirs in _by_session(records).items():
        try:
            handle(services, session_id, theirs, remaining)
        except LecternError as error:
            services.telemetry.error("streamPartFailed", sessionId=session_id, exception=error)
            failed.append(theirs[0]["dynamodb"]["SequenceNumber"])
    return failed


def images(record: Record, decode: Callable[[Item], T]) -> tuple[T | None, T | None]:
    """Return the item before and after a change, decoded; None where there was, or is, none."""

    def image(name: str) -> T | None:
        attributes = record["dynamodb"].get(name)
        return decode(from_attributes(attributes)) if attributes else None

    return image("OldImage"), image("NewImage")


def _by_session(records: Sequence[Record]) -> dict[SessionId, list[Record]]:
    by_session: dict[SessionId, list[Record]] = {}
    for record in records:
        key = from_attributes(record["dynamodb"]["Keys"])
        by_session.setdefault(SessionId(key["sessionId"]), []).append(record)
    return by_session
