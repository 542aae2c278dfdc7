"""Acts of operators. They have no connection, and their refusals are the API's."""

from collections.abc import Callable
from contextlib import suppress

from msgspec import Raw
from msgspec.json import encode

from chalicelib.actions.broadcasting.broadcast import publish_broadcast
from chalicelib.actions.operator import removal
from chalicelib.actions.session import end
from chalicelib.domain.types import SessionId, TenantId, UserId
from chalicelib.errors import ClientError
from tests.invariants.interleaving.acts.registry import Invocation, Place, act
from tests.invariants.interleaving.room import Room


def _operation(run: Callable[[], object]) -> Invocation:
    def refusable() -> None:
        with suppress(ClientError):
            run()

    return Invocation(refusable)


def _remaining() -> float:
    return 30.0


@act(Place.NOBODY)
def operator_ends(room: Room, _: None) -> Invocation:
    session_id = SessionId(room.session_id)
    return _operation(
        lambda: end.end(room.stage.services, session_id, "endedByOperator", _remaining)
    )


@act(Place.NOBODY)
def operator_broadcasts(room: Room, _: None) -> Invocation:
    session_id, data = SessionId(room.session_id), Raw(encode(room.said()))
    return _operation(
        lambda: publish_broadcast(
            room.stage.services, session_id, "*", data, _remaining, speaker=None
        )
    )


@act(Place.NOBODY)
def operator_removes_the_speaker(room: Room, _: None) -> Invocation:
    tenant, user = TenantId("default"), UserId("anna")
    return _operation(lambda: removal.remove(room.stage.services, tenant, user, _remaining))
