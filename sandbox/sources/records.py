"""A change of a table as a record of its stream, as Lambda gives it to a function."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.dynamodb.database import Change

FIRST_NUMBER = 1100000000017454423009
"""The first sequence number of every stream of a local stack."""
_TIME_TO_LIVE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
"""The `userIdentity` of a record for an item that time to live has deleted."""


@dataclass(frozen=True)
class Record:
    """One record: the content for the function, and what its mapping needs to know of it."""

    content: Mapping[str, Any]
    at: int
    """Time of the change, in milliseconds of the stack's clock."""
    key: str
    """The partition key. Records of one key stay in order."""

    @property
    def number(self) -> str:
        """The sequence number."""
        return str(self.content["dynamodb"]["SequenceNumber"])


def record_of(change: Change, *, arn: str, view: str, region: str, number: int, now: int) -> Record:
    """Return the record of a change; `view` is the stream's view type, `now` in milliseconds."""
    keys, old, new = change["keys"], change["old"], change["new"]
    data = {
        "ApproximateCreationDateTime": now // 1000,
        "Keys": keys,
        "SequenceNumber": str(number),
        "SizeBytes": len(str(old)) + len(str(new)),
        "StreamViewType": view,
    }
    if new is not None and view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        data["NewImage"] = new
    if old is not None and view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        data["OldImage"] = old
    content: dict[str, Any] = {
        "eventID": uuid.uuid4().hex,
        "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": region,
        "dynamodb": data,
        "eventSourceARN": arn,
    }
    if change.get("expired"):
        content["userIdentity"] = _TIME_TO_LIVE
    return Record(content, now, str(next(iter(keys.values()))))
