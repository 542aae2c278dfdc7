"""The sessions table. Times in items are milliseconds, `expiresAt` seconds."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chalicelib.domain.session import EVERYBODY, MAX_LANGUAGES, Session, StatusSent
from chalicelib.domain.types import ConnectionId, Millis, SessionId, TenantId
from chalicelib.errors import ConditionFailed, UpstreamError
from chalicelib.stores.attributes import Item
from chalicelib.stores.calls import Call, Together
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.session_items import session_from_item, session_to_item
from chalicelib.stores.table import Database, Table, Write


class SessionStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)
        self._together = Together(dynamodb)

    def get(self, session_id: SessionId) -> Session | None:
        """Return a session by a consistent read: listeners may join the moment it is created."""
        item = self._table.get({"sessionId": session_id}, consistent=True)
        return session_from_item(item) if item else None

    def get_many(self, session_ids: Iterable[SessionId]) -> Iterator[Session]:
        keys = [{"sessionId": session_id} for session_id in session_ids]
        return map(session_from_item, self._table.get_many(keys))

    def active_ids(self, shard: int) -> Iterator[SessionId]:
        """Return the active sessions of one shard, oldest first."""
        items = self._table.query(
            "#activeShard = :shard", values={"shard": shard}, index="active-index"
        )
        return (SessionId(item["sessionId"]) for item in items)

    def page_of_active(
        self, shard: int, start: Item | None, limit: int
    ) -> tuple[list[SessionId], Item | None]:
        """Return a page of the active sessions of one shard, oldest first, and the next's start."""
        items, last = self._table.query_page(
            "#activeShard = :shard",
            values={"shard": shard},
            index="active-index",
            limit=limit,
            start=start,
        )
        return [SessionId(item["sessionId"]) for item in items], last

    def page_of_tenant(
        self, tenant_id: TenantId, start: Item | None, limit: int
    ) -> tuple[list[SessionId], Item | None]:
        """Return a page of a tenant's sessions, newest first, and the key at which the next starts.

        Sessions that have ended are included until the table deletes them.
        """
        items, last = self._table.query_page(
            "#tenantId = :tenant",
            values={"tenant": tenant_id},
            index="tenantId-createdAt-index",
            limit=limit,
            start=start,
            newest_first=True,
        )
        return [SessionId(item["sessionId"]) for item in items], last

    def put_new(self, session: Session) -> Write:
        return self._table.put(session_to_item(session), "attribute_not_exists(#sessionId)")

    def replace_speaker(
        self, session: Session, new: ConnectionId, expires_at: Millis, handshake_at: Millis | None
    ) -> Write:
        """Hand the session to another connection of the same user (PROTOCOL 6.1).

        `handshake_at` is the time of that connection's handshake, None if it is over.
        The condition is that speaker and grace period are still those of `session`: a grace period
        that begins at this moment must not be ended without notifying the listeners.
        """
        grace = session.grace_deadline
        same_grace = "attribute_not_exists(#graceDeadline)"
        values = {
            "true": True,
            "new": new,
            "old": session.speaker_connection_id,
            "user": session.speaker_user_id,
            "tenant": session.tenant_id,
            "expiresAt": expires_at // 1000,
        }
        if grace is not None:
            same_grace = "#graceDeadline = :grace"
            values["grace"] = grace
        change = "SET #speakerConnectionId = :new, #expiresAt = :expiresAt"
        if handshake_at is None:
            change += " REMOVE #graceDeadline, #speakerOpeningAt"
        else:
            change += ", #speakerOpeningAt = :opening REMOVE #graceDeadline"
            values["opening"] = handshake_at
        return self._table.update(
            {"sessionId": session.session_id},
            change,
            condition="#isActive = :true AND #speakerUserId = :user AND #tenantId = :tenant"
            f" AND #speakerConnectionId = :old AND {same_grace}",
            values=values,
        )

    def end(
        self,
        session_id: SessionId,
        reason: str,
        now: Millis,
        *,
        speaker: ConnectionId | None = None,
        grace_deadline: Millis | None = None,
        overdue: bool = False,
    ) -> bool:
        """Mark an active session as ended. Return True for the one caller that did it.

        With `speaker`, only while that connection is the session's speaker; with `grace_deadline`,
        only while the session waits for its speaker until that very deadline; with `overdue`, only
        if the session is past its `expiresAt`.
        """
        condition = "#isActive = :true"
        values: dict[str, Any] = {"true": True, "false": False, "now": now, "reason": reason}
        if speaker is not None:
            condition += " AND #speakerConnectionId = :speaker"
            values["speaker"] = speaker
        if grace_deadline is not None:
            condition += " AND #graceDeadline = :deadline"
            values["deadline"] = grace_deadline
        if overdue:
            condition += " AND #expiresAt <= :seconds"
            values["seconds"] = now // 1000
        return self._database.try_write(
            self._table.update(
                {"sessionId": session_id},
                "SET #isActive = :false, #endedAt = :now, #endReason = :reason,"
                " #broadcastState.#isActive = :false REMOVE #activeShard, #graceDeadline",
                condition=condition,
                values=values,
            )
        )

    def start_grace(
        self, session_id: SessionId, speaker: ConnectionId, deadline: Millis
    ) -> Session | None:
        """Set the deadline until which a dropped speaker may come back.

        A deadline that is set already is kept, so that a repeated drop does not prolong it. Return
        None if `speaker` is not the session's speaker.
        """
        return self._change(
            session_id,
            "SET #graceDeadline = if_not_exists(#graceDeadline, :deadline)",
            {"deadline": deadline},
            speaker=speaker,
        )

    def advance_stream_call(
        self, session_id: SessionId, stream: str, speaker: ConnectionId | None, now: Millis
    ) -> Call[Session | None]:
        """Return the call that advances a stream to its next seq, atomically: the session then.

        Its result is None if the session is paused, has ended, has another speaker, does not have
        the stream's language, or has too many streams to begin another one. `speaker` is None for
        a service that has no connection.
        """
        condition = (
            "#broadcastState.#isPaused = :false AND"
            " (attribute_exists(#streamPositions.#stream) OR size(#streamPositions) < :most)"
        )
        values: dict[str, Any] = {"one": 1, "now": now, "false": False, "most": MAX_LANGUAGES}
        if stream != EVERYBODY:
            condition += " AND (attribute_not_exists(#languages) OR contains(#languages, :stream))"
            values["stream"] = stream
        return self._change_call(
            session_id,
            "SET #lastBroadcastAt = :now ADD #streamPositions.#stream :one",
            values,
            condition=condition,
            speaker=speaker,
            names={"stream": stream},
        )

    def switch(
        self,
        session_id: SessionId,
        name: str,
        value: bool | float,
        speaker: ConnectionId,
        now: Millis,
    ) -> Session | None:
        """Set one of the speaker's switches. Return None if ended, or if the speaker is another."""
        return self._change(
            session_id,
            "SET #broadcastState.#switch = :value, #broadcastState.#lastStateChange = :now,"
            " #stateVersion = #stateVersion + :one",
            {"value": value, "now": now, "one": 1},
            speaker=speaker,
            names={"switch": name},
        )

    def finish_speaker_handshake(self, session_id: SessionId, speaker: ConnectionId) -> None:
        """Let messages be posted to the session's speaker, now that the handshake has its reply."""
        self._change(
            session_id,
            "REMOVE #speakerOpeningAt",
            {},
            condition="attribute_exists(#speakerOpeningAt)",
            speaker=speaker,
        )

    def claim_status(self, session: Session, sent: StatusSent) -> bool:
        """Record the status that the speaker is sent, unless another one has been since `session`.

        Return False if it has, or if the session has ended.
        """
        values = {"sent": _status_to_map(sent)}
        condition = "attribute_not_exists(#statusSent)"
        if session.status_sent is not None:
            condition = "#statusSent = :seen"
            values["seen"] = _status_to_map(session.status_sent)
        change = "SET #statusSent = :sent"
        return self._change(session.session_id, change, values, condition=condition) is not None

    def _change(
        self,
        session_id: SessionId,
        change: str,
        values: Mapping[str, Any],
        *,
        condition: str = "",
        speaker: ConnectionId | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Session | None:
        """Update an active session and return the result; None if a condition is false."""
        call = self._change_call(
            session_id, change, values, condition=condition, speaker=speaker, names=names
        )
        (session,) = self._together(call)
        return session

    def _change_call(
        self,
        session_id: SessionId,
        change: str,
        values: Mapping[str, Any],
        *,
        condition: str = "",
        speaker: ConnectionId | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Call[Session | None]:
        conditions = ["#isActive = :active"]
        known: dict[str, Any] = {"active": True}
        if condition:
            conditions.append(condition)
        if speaker is not None:
            conditions.append("#speakerConnectionId = :speaker")
            known |= {"speaker": speaker}
        write = self._table.update(
            {"sessionId": session_id},
            change,
            condition=" AND ".join(conditions),
            values={**known, **values},
            names=names,
        )
        return self._database.write_call(write).then(_session).rescued(_none_if_condition_failed)


def _session(item: Item) -> Session | None:
    return session_from_item(item)


def _none_if_condition_failed(error: UpstreamError) -> None:
    if not isinstance(error, ConditionFailed):
        raise error


def _status_to_map(sent: StatusSent) -> dict[str, Any]:
    return {"count": sent.count, "languages": sorted(sent.languages), "at": sent.at}
