"""The background jobs, as they stand in a queue: one struct for each `kind`.

A job in flight survives an update of the stack: names never change, a new field has a default,
and unknown fields are ignored. Every job may be delivered twice.
"""

from functools import cache

import msgspec
from msgspec import Struct

from chalicelib.domain.audience import Audience
from chalicelib.domain.types import ConnectionId, Millis, SessionId, TenantId, UserId


class _Job(Struct, tag_field="kind", rename="camel", kw_only=True, frozen=True):
    """The base of all jobs; `kind` is the tag of each."""


class FirstReply(_Job, tag="welcome", kw_only=True, frozen=True):
    """Send the reply to a handshake with `action=`, once the socket is open.

    `last_seq` and `id` are those of the handshake, None where it had none; `round` counts the jobs
    that have tried.
    """

    connection_id: ConnectionId
    refresh: bool
    last_seq: dict[str, int] | None
    id: str | None
    round: int = 1


class TellRefusal(_Job, tag="refusal", kw_only=True, frozen=True):
    """Send the error of a refused handshake with `refusal=message`, and close the socket.

    `body` is the encoded error, and `round` counts the jobs that have tried.
    """

    connection_id: ConnectionId
    body: str
    round: int = 1


class EndGrace(_Job, tag="endOfGrace", kw_only=True, frozen=True):
    """End a session whose speaker has not come back by `deadline`."""

    session_id: SessionId
    deadline: Millis


class FinishEnd(_Job, tag="finishEnd", kw_only=True, frozen=True):
    """Tell and dismiss the listeners that an ended session still has."""

    session_id: SessionId


class FanOut(_Job, tag="fanOut", kw_only=True, frozen=True):
    """Find an audience, and make a `Deliver` job for every few hundred of its connections.

    `body` is the encoded message (base64 in JSON); `request_id` is the request that shows the
    speaker the progress, None for a delivery that nobody watches.
    """

    audience: Audience
    body: bytes
    request_id: str | None


class Tally(Struct, frozen=True):
    """Recipients by outcome."""

    delivered: int = 0
    gone: int = 0
    slow: int = 0


class DeliveryPart(Struct, rename="camel", kw_only=True, frozen=True):
    """A part of a delivery with progress: its name, and the recipients tried so far."""

    request_id: str
    name: str
    tally: Tally


class Deliver(_Job, tag="deliver", kw_only=True, frozen=True):
    """Post a message to those connections that still belong to the audience."""

    audience: Audience
    connection_ids: list[ConnectionId]
    body: bytes
    part: DeliveryPart | None


class DisconnectGone(_Job, tag="gone", kw_only=True, frozen=True):
    """Clean up after connections that a post found gone."""

    connection_ids: list[ConnectionId]


class PublishStatus(_Job, tag="statusTick", kw_only=True, frozen=True):
    """Send every speaker its status, or the speakers of one shard."""

    shard: int | None = None


class RunRequest(_Job, tag="runRequest", kw_only=True, frozen=True):
    """Run a request that a client has submitted."""

    request_id: str


class ResumeSweep(_Job, tag="sweep", kw_only=True, frozen=True):
    """Continue a sweep behind a connection of a segment, None for the segment's beginning."""

    segment: int
    after: ConnectionId | None


class CloseDue(_Job, tag="closeDue", kw_only=True, frozen=True):
    """Close those connections whose time is up."""

    connections: list[ConnectionId]


class NotifyDue(_Job, tag="noticeDue", kw_only=True, frozen=True):
    """Send those connections the notices that are due."""

    connections: list[ConnectionId]


class Removal(Struct, kw_only=True, frozen=True):
    """Connections of a user opened by `at`; tokens issued by then are refused until `until`."""

    tenant_id: TenantId
    user_id: UserId
    at: Millis
    until: Millis


class RemoveUser(_Job, tag="removeUser", kw_only=True, frozen=True):
    """Close a user's connections once more; `start` is the index key behind which to go on."""

    removal: Removal
    start: dict[str, str] | None


class Counts(Struct, rename="camel", kw_only=True, frozen=True):
    """Counts of a shard: they change with every join, leave and change of language."""

    listener_count: int
    language_counts: dict[str, int]
    joins: int


class RepairCounts(_Job, tag="repairCounts", kw_only=True, frozen=True):
    """Repair the counts of a shard, if they still are `counted` and the connections still `found`.

    `found` has the listeners by language. Without `shard`, it is a job of version 0.1.0, and the
    whole session is looked at again.
    """

    session_id: SessionId
    found: dict[str, int]
    counted: Counts
    shard: int | None = None


Job = (
    FirstReply
    | TellRefusal
    | EndGrace
    | FinishEnd
    | FanOut
    | Deliver
    | DisconnectGone
    | PublishStatus
    | RunRequest
    | ResumeSweep
    | CloseDue
    | NotifyDue
    | RemoveUser
    | RepairCounts
)

FirstMessage = FirstReply | TellRefusal
"""The jobs of the replies queue: each sends the first message on a new socket."""

_encoder = msgspec.json.Encoder()


def encode_job(job: Job) -> str:
    """Return a job as the queue holds it."""
    return _encoder.encode(job).decode()


def decode_job(text: str) -> Job:
    """Decode a job. Raises `msgspec.DecodeError`: of an unknown kind, or a field is missing."""
    return _decoder().decode(text)


def decode_first_message(text: str) -> FirstMessage:
    """Decode a job of the replies queue. Raises `msgspec.DecodeError`: it is another one."""
    return _first_message_decoder().decode(text)


@cache
def _first_message_decoder() -> msgspec.json.Decoder[FirstMessage]:
    return msgspec.json.Decoder(FirstMessage)


@cache
def _decoder() -> msgspec.json.Decoder[Job]:
    # Built on first use: of the stack's functions only one decodes jobs.
    return msgspec.json.Decoder(Job)
