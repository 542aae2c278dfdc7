"""The requests table: work that runs in the background for a connection."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from chalicelib.domain.session import LONG_AGO
from chalicelib.domain.types import ConnectionId, Millis, SessionId, TenantId
from chalicelib.errors import ConditionFailed
from chalicelib.stores.attributes import Item
from chalicelib.stores.calls import Call
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table


class Status(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BackgroundRequest(Struct, frozen=True, kw_only=True):
    """A request and its state. `params` and `result` are JSON texts.

    The fields from `expected` on are the progress of a delivery report.
    """

    request_id: str
    connection_id: ConnectionId
    session_id: SessionId
    tenant_id: TenantId
    request: str
    created_at: Millis
    expires_at: Millis
    params: str = "{}"
    status: Status = Status.PENDING
    percentage: int = 0
    told_at: Millis = LONG_AGO
    """When the client was last sent its progress."""
    result: str | None = None
    outcome_told: bool = False
    expected: int = 0
    """Recipients, by the session's count."""
    found: int | None = None
    """Recipients that were actually found; None until all of them are in a job."""
    run: str = ""
    """The first run of the job that found them all; only its parts count."""
    part_count: int = 0
    parts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """The tally of each part that is done, by `{run}-{number}`."""

    @property
    def is_over(self) -> bool:
        return self.status in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)

    @property
    def parts_are_done(self) -> bool:
        return self.found is not None and len(self._counted()) >= self.part_count

    @property
    def reached(self) -> dict[str, int]:
        """The recipients by outcome: delivered, gone, slow, and unsent (in parts given up)."""
        total = {"delivered": 0, "gone": 0, "slow": 0, "unsent": 0}
        for tally in self._counted():
            for outcome, count in tally.items():
                total[outcome] += count
        return total

    def _counted(self) -> list[Mapping[str, int]]:
        return [tally for name, tally in self.parts.items() if name.startswith(self.run)]


class RequestStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def put(self, request: BackgroundRequest) -> None:
        self._database.write(self._table.put(_to_item(request)))

    def get(self, request_id: str) -> BackgroundRequest | None:
        item = self._table.get({"requestId": request_id}, consistent=True)
        return _from_item(item) if item else None

    def finish(
        self, request_id: str, status: Status, result: str | None = None
    ) -> BackgroundRequest | None:
        """Set the final status of a request. Return None if it is final already."""
        change = "SET #status = :new" + (", #result = :result" if result is not None else "")
        values: dict[str, Any] = {"new": status.value}
        if result is not None:
            values["result"] = result
        return self._change(request_id, change, values)

    def note_outcome_told(self, request_id: str) -> None:
        """Record that the client has been sent the outcome of its request."""
        self._database.try_write(
            self._table.update(
                {"requestId": request_id},
                "SET #outcomeTold = :true",
                condition="attribute_exists(#requestId)",
                values={"true": True},
            )
        )

    def claim_progress(
        self, request: BackgroundRequest, percentage: int, now: Millis
    ) -> BackgroundRequest | None:
        """Record progress for the one caller that is to send it.

        Return None for any other caller, and if the request is over.
        """
        return self._change(
            request.request_id,
            "SET #status = :running, #percentage = :percentage, #toldAt = :now",
            {"percentage": percentage, "now": now, "known": request.told_at},
            condition="#toldAt = :known",
        )

    def add_part(
        self, request_id: str, name: str, tally: Mapping[str, int]
    ) -> BackgroundRequest | None:
        """Record the tally of one part; idempotent. Return None if the request is over."""
        return self._change(
            request_id, "SET #parts.#part = :tally", {"tally": tally}, names={"part": name}
        )

    def set_parts(
        self, request_id: str, run: str, parts: int, found: int
    ) -> BackgroundRequest | None:
        """Record the number of parts and recipients; only the first run that knows them counts."""
        return self._change(
            request_id,
            "SET #run = if_not_exists(#run, :run), #found = if_not_exists(#found, :found),"
            " #partCount = if_not_exists(#partCount, :parts)",
            {"run": run, "found": found, "parts": parts},
        )

    def reassign(self, request_id: str, connection_id: ConnectionId) -> None:
        """Move the request to the client's new connection."""
        self._change(request_id, "SET #connectionId = :connection", {"connection": connection_id})

    def of_connection_call(self, connection_id: ConnectionId) -> Call[list[str]]:
        """Return the call for the ids of a connection's requests."""
        query = self._table.query_call(
            "#connectionId = :connection",
            values={"connection": connection_id},
            index="connectionId-createdAt-index",
        )
        return query.then(lambda items: [item["requestId"] for item in items])

    def get_many(self, request_ids: Iterable[str]) -> Iterator[BackgroundRequest]:
        """Return the requests that still exist, in no order."""
        keys = [{"requestId": request_id} for request_id in request_ids]
        return map(_from_item, self._table.get_many(keys))

    def _change(
        self,
        request_id: str,
        change: str,
        values: Mapping[str, Any],
        *,
        condition: str = "",
        names: Mapping[str, str] | None = None,
    ) -> BackgroundRequest | None:
        """Update a request that is not over yet. Return None if it is."""
        conditions = ["#status IN (:pending, :running)", *([condition] if condition else [])]
        write = self._table.update(
            {"requestId": request_id},
            change,
            condition=" AND ".join(conditions),
            values={
                "pending": Status.PENDING.value,
                "running": Status.RUNNING.value,
                **values,
            },
            names=names,
        )
        try:
            return _from_item(self._database.write(write))
        except ConditionFailed:
            return None


def _to_item(request: BackgroundRequest) -> Item:
    return {
        "requestId": request.request_id,
        "connectionId": request.connection_id,
        "sessionId": request.session_id,
        "tenantId": request.tenant_id,
        "request": request.request,
        "params": request.params,
        "status": request.status.value,
        "percentage": request.percentage,
        "toldAt": request.told_at,
        "createdAt": request.created_at,
        "expected": request.expected,
        "parts": dict(request.parts),
        "expiresAt": request.expires_at // 1000,
    }


def _from_item(item: Item) -> BackgroundRequest:
    return BackgroundRequest(
        request_id=item["requestId"],
        connection_id=ConnectionId(item["connectionId"]),
        session_id=SessionId(item["sessionId"]),
        tenant_id=TenantId(item["tenantId"]),
        request=item["request"],
        created_at=Millis(item["createdAt"]),
        expires_at=Millis(item["expiresAt"] * 1000),
        params=item["params"],
        status=Status(item["status"]),
        percentage=item["percentage"],
        told_at=Millis(item["toldAt"]),
        result=item.get("result"),
        outcome_told=item.get("outcomeTold", False),
        expected=item["expected"],
        found=item.get("found"),
        run=item.get("run", ""),
        part_count=item.get("partCount", 0),
        parts=item["parts"],
    )
