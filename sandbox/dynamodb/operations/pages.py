"""Query and Scan, page by page."""

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.dynamodb.expressions.conditions import Condition
from sandbox.dynamodb.expressions.grammar import Values
from sandbox.dynamodb.expressions.key_conditions import KeyCondition
from sandbox.dynamodb.expressions.parsed import Expressions, read_expressions
from sandbox.dynamodb.model.errors import invalid, invalid_parameter
from sandbox.dynamodb.model.paths import Path, project
from sandbox.dynamodb.model.schema import Key, index_key
from sandbox.dynamodb.model.storage import Index, Item, Table, Tables, View
from sandbox.dynamodb.model.values import Attributes, canonical_attributes
from sandbox.dynamodb.operations.requests import Answer, Request, check_parameters

_SELECT = (
    None,
    "ALL_ATTRIBUTES",
    "ALL_PROJECTED_ATTRIBUTES",
    "COUNT",
    "SPECIFIC_ATTRIBUTES",
)
MAX_SEGMENTS = 1_000_000


@dataclass(frozen=True)
class Pages:
    """The limits at which a page ends; tests set short ones."""

    bytes: int = 1024 * 1024
    items: int | None = None
    """Items of a page of a query or a scan."""
    batch: int = 100
    """Items that one batch processes; the others are unprocessed."""


@dataclass(slots=True)
class Paged:
    """One page of a query or a scan."""

    view: View
    condition: KeyCondition | None
    """None for a scan."""
    values: Values
    filter: Condition | None
    shown: tuple[Path, ...] | None
    start: Key | None
    segment: tuple[int, int] | None
    is_forward: bool
    counts_only: bool
    limit: int | None
    pages: Pages
    is_consistent: bool = False
    read_bytes: int = 0
    """The size of what `run` has read, before it filtered that."""

    @property
    def partition(self) -> Any:
        """The hash key that a query reads; None for a scan."""
        keys = self.view.keys
        return None if self.condition is None else self.condition.hash_value(keys, self.values)

    def run(self) -> Answer:
        """Return `Items`, `Count`, `ScannedCount` and, if there is more, `LastEvaluatedKey`."""
        condition = self.condition
        items = self._scanned() if condition is None else self._queried(condition)
        page, more = self._page(items)
        found = page
        if self.filter is not None:
            holds = self.filter.holds
            found = [item for item in page if holds(item.attributes, self.values)]
        answer: Answer = {"Count": len(found), "ScannedCount": len(page)}
        if not self.counts_only:
            answer["Items"] = [self._shown(item) for item in found]
        if more:
            last = page[-1].attributes
            answer["LastEvaluatedKey"] = {name: last[name] for name in self.view.key_names}
        return answer

    def _shown(self, item: Item) -> Attributes:
        return item.attributes if self.shown is None else project(item.attributes, self.shown)

    def _scanned(self) -> Iterator[Item]:
        for value, item in self.view.scan(self.start):
            if self.segment is None or _is_within(value, self.segment):
                yield item

    def _queried(self, condition: KeyCondition) -> Iterable[Item]:
        keys = self.view.keys
        partition = self.view.partitions.get(condition.hash_value(keys, self.values))
        if partition is None:
            return ()
        order = condition.select(keys, partition.order, self.values)
        if self.start is not None and self.is_forward:
            order = order[bisect_right(order, self.start.sort) :]
        elif self.start is not None:
            order = order[: bisect_left(order, self.start.sort)]
        items = partition.items
        return (items[sort] for sort in (order if self.is_forward else reversed(order)))

    def _page(self, items: Iterable[Item]) -> tuple[list[Item], bool]:
        page: list[Item] = []
        size, most = 0, self.pages.items
        for item in items:
            size += item.size
            if page and (size > self.pages.bytes or len(page) == most):
                return page, True
            self.read_bytes = size
            page.append(item)
            if len(page) == self.limit:  # DynamoDB does not look whether there is more
                return page, True
        return page, False


def prepare_query(tables: Tables, request: Request, pages: Pages) -> Paged:
    """Check a Query. Raises DynamoDBError."""
    check_parameters(request, "QueryInput")
    table = tables.named(request.get("TableName"))
    view = table.view(request.get("IndexName"))
    expressions, values = read_expressions(request)
    condition = expressions.key_condition
    if condition is None:
        raise invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in "
            "the request."
        )
    condition.check(view.keys, table.schema.types, values)
    paged = _prepare(table, view, request, expressions, values, pages)
    _check_filter(paged)
    paged.is_forward = request.get("ScanIndexForward", True)
    start = paged.start
    if start and start.partition != condition.hash_value(view.keys, values):
        raise invalid(
            "The provided starting key is outside query boundaries based on provided conditions"
        )
    return paged


def prepare_scan(tables: Tables, request: Request, pages: Pages) -> Paged:
    """Check a Scan. Raises DynamoDBError."""
    check_parameters(request, "ScanInput")
    table = tables.named(request.get("TableName"))
    view = table.view(request.get("IndexName"))
    paged = _prepare(table, view, request, *read_expressions(request), pages)
    paged.segment = _segment(request)
    return paged


def _prepare(
    table: Table,
    view: View,
    request: Request,
    expressions: Expressions,
    values: Values,
    pages: Pages,
) -> Paged:
    """Check what queries and scans have in common."""
    if isinstance(view, Index) and not view.schema.is_local and request.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    limit = request.get("Limit")
    if limit is not None and limit < 1:
        raise invalid("Limit must be greater than or equal to 1")
    _check_select(request.get("Select"), view, expressions.projection)
    start = request.get("ExclusiveStartKey")
    return Paged(
        view,
        expressions.key_condition,
        values,
        expressions.filter,
        expressions.projection,
        None if start is None else _start_key(table, view, start),
        None,
        is_forward=True,
        counts_only=request.get("Select") == "COUNT",
        limit=limit,
        pages=pages,
        is_consistent=bool(request.get("ConsistentRead")),
    )


def _check_select(select: str | None, view: View, shown: tuple[Path, ...] | None) -> None:
    index = view.schema if isinstance(view, Index) else None
    if select not in _SELECT:
        raise invalid(f"Value '{select}' at 'select' failed to satisfy constraint")
    if select == "SPECIFIC_ATTRIBUTES" and shown is None:
        raise invalid(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
            "SPECIFIC_ATTRIBUTES"
        )
    if select not in (None, "SPECIFIC_ATTRIBUTES") and shown is not None:
        raise invalid(f"Cannot specify the ProjectionExpression when choosing to get {select}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and index is None:
        raise invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    if index is None or index.shows is None or index.is_local:
        return
    if select == "ALL_ATTRIBUTES":
        raise invalid_parameter(
            "Select type ALL_ATTRIBUTES is not supported for global secondary index "
            f"{index.name} because its projection type is not ALL"
        )
    if hidden := {str(path[0]) for path in shown or ()} - index.shows:
        raise invalid_parameter(
            f"Global secondary index {index.name} does not project [{', '.join(sorted(hidden))}]"
        )


def _check_filter(paged: Paged) -> None:
    for path in paged.filter.paths if paged.filter else ():
        if path[0] in paged.view.keys.names:
            raise invalid(
                "Filter Expression can only contain non-primary key attributes: Primary key "
                f"attribute: {path[0]}"
            )


def _start_key(table: Table, view: View, start: Mapping[str, Any]) -> Key:
    given = canonical_attributes(start)
    types = table.schema.types
    fits = given.keys() == set(view.key_names)
    if not fits or any(types[name] not in value for name, value in given.items()):
        raise invalid("The provided starting key is invalid")
    key = table.schema.key({name: given[name] for name in table.key_names})
    return index_key(table.keys, view.keys, given) or key if isinstance(view, Index) else key


def _segment(request: Request) -> tuple[int, int] | None:
    segment, total = request.get("Segment"), request.get("TotalSegments")
    if segment is None and total is None:
        return None
    if segment is None or total is None:
        missing = "Segment" if segment is None else "TotalSegments"
        raise invalid(f"The {missing} parameter is required but was not present in the request")
    if not 0 <= segment < total <= MAX_SEGMENTS:
        raise invalid(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {total}"
        )
    return segment, total


def _is_within(value: Any, segment: tuple[int, int]) -> bool:
    return zlib.crc32(repr(value).encode()) % segment[1] == segment[0]
