"""The requests table: work that runs in the background for a connection."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chalicelib.domain.types import ConnectionId, Millis, SessionId, TenantId
from chalicelib.errors import ConditionFailed
from chalicelib.stores.attributes import Item
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table


class Status(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class BackgroundRequest:
    """`params` and `result` are JSON texts; `total` and `done` count a delivery's recipients."""

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
    result: str | None = None
    total: int = 0
    """How many were expected by the session's count."""
    found: int | None = None
    """How many there turned out to be; None until all of them are in a job."""
    done: int = 0
    tally: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.status in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class RequestStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def put(self, request: BackgroundRequest) -> None:
        self._database.write(self._table.put(_to_item(request)))

    def get(self, request_id: str) -> BackgroundRequest | None:
        item = self._table.get({"requestId": request_id}, consistent=True)
        return _from_item(item) if item else None

    def finish(self, request_id: str, status: Status, result: str | None = None) -> bool:
        """Sets the last status of a request; True for the one caller that did it."""
        change = "SET #status = :new" + (", #result = :result" if result is not None else "")
        values: dict[str, Any] = {"new": status.value}
        if result is not None:
            values["result"] = result
        return self._change(request_id, change, values) is not None

    def progress(self, request_id: str, percentage: int) -> BackgroundRequest | None:
        """Notes how far a request is; None when it is over (cancelled, for one)."""
        values = {"new": Status.RUNNING.value, "percentage": percentage}
        return self._change(request_id, "SET #status = :new, #percentage = :percentage", values)

    def add_done(
        self, request_id: str, tally: Mapping[str, int], found: int | None
    ) -> BackgroundRequest | None:
        """Adds what one job of several has reached; None when the request is over.

        `found` is given once, by the job that counted the recipients while making the others.
        """
        names = {f"tally{i}": name for i, name in enumerate(tally)}
        values: dict[str, Any] = {f"tally{i}": count for i, count in enumerate(tally.values())}
        additions = "".join(f", #tally.#tally{i} :tally{i}" for i in range(len(tally)))
        values["count"] = sum(tally.values())
        change = f"ADD #done :count{additions}"
        if found is not None:
            change = "SET #found = :found " + change
            values["found"] = found
        return self._change(request_id, change, values, names)

    def reassign(self, request_id: str, connection_id: ConnectionId) -> None:
        """The request follows its client to another connection."""
        self._change(request_id, "SET #connectionId = :connection", {"connection": connection_id})

    def of_connection(self, connection_id: ConnectionId) -> Iterator[BackgroundRequest]:
        items = self._table.query(
            "#connectionId = :connection",
            values={"connection": connection_id},
            index="connectionId-createdAt-index",
        )
        keys = [{"requestId": item["requestId"]} for item in items]
        return map(_from_item, self._table.get_many(keys))

    def _change(
        self,
        request_id: str,
        change: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> BackgroundRequest | None:
        """An update of a request that is not over yet."""
        write = self._table.update(
            {"requestId": request_id},
            change,
            condition="#status IN (:pending, :running)",
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
        "createdAt": request.created_at,
        "total": request.total,
        "done": request.done,
        "tally": dict(request.tally),
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
        result=item.get("result"),
        total=item["total"],
        found=item.get("found"),
        done=item["done"],
        tally=item["tally"],
    )
