"""Keys, indexes and types of a table, from a CreateTable request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from sandbox.dynamodb.model.errors import invalid_for_item, invalid_parameter
from sandbox.dynamodb.model.values import Attributes, Value, canonical, comparable, kind_of, size_of

MAX_HASH_BYTES = 2048
MAX_RANGE_BYTES = 1024
_MISMATCH = "The provided key element does not match the schema"
_EMPTY = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
    "contain an empty {} value. Key: {}"
)
_EMPTY_IN_INDEX = (
    "One or more parameter values are not valid. A value specified for a secondary index key is "
    "not supported. The AttributeValue for a key attribute cannot contain an empty {} value. "
    "IndexName: {}, IndexKey: {}"
)


class Key(NamedTuple):
    """The key of an item: its partition (hash key), and its sort order within the partition.

    Both are comparable (see `values.comparable`).
    """

    partition: Any
    sort: tuple[Any, ...]


@dataclass(frozen=True)
class KeySchema:
    """The names of a hash key and, if there is one, a range key."""

    partition: str
    range: str | None

    @classmethod
    def of(cls, schema: list[Mapping[str, str]]) -> "KeySchema":
        """Return the keys of a `KeySchema` as the API has it."""
        names = {key["KeyType"]: key["AttributeName"] for key in schema}
        return cls(names["HASH"], names.get("RANGE"))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The hash key first."""
        return (self.partition,) if self.range is None else (self.partition, self.range)


@dataclass(frozen=True)
class IndexSchema:
    """A secondary index. `shows` is None where all attributes are projected."""

    name: str
    keys: KeySchema
    shows: frozenset[str] | None
    is_local: bool


@dataclass(frozen=True)
class TableSchema:
    """A table: its keys, the types of all key attributes, and its indexes."""

    name: str
    keys: KeySchema
    types: Mapping[str, str]
    indexes: tuple[IndexSchema, ...] = ()

    @cached_property
    def index_keys(self) -> Mapping[str, IndexSchema]:
        """The attributes that are keys of indexes, each with one such index."""
        return {name: index for index in self.indexes for name in index.keys.names}

    @classmethod
    def of(cls, name: str, request: Mapping[str, Any]) -> "TableSchema":
        """Return the schema of a CreateTable request, or of the description of a table."""
        keys = KeySchema.of(request["KeySchema"])
        types = {
            each["AttributeName"]: each["AttributeType"] for each in request["AttributeDefinitions"]
        }
        return cls(name, keys, types, tuple(_indexes(keys, request)))

    def key(self, attributes: Any) -> Key:
        """Return the place of a key, which has no other attributes.

        Raises:
            DynamoDBError: ValidationException, it does not fit the schema.
        """
        names = self.keys.names
        if len(attributes) != len(names):
            raise invalid_for_item("The number of conditions on the keys is invalid")
        values = {}
        for name in names:
            if name not in attributes:
                raise invalid_for_item(_MISMATCH)
            value = values[name] = canonical(attributes[name])
            if self.types[name] not in value:
                raise invalid_for_item(_MISMATCH)
        return self._key(values)

    def key_of(self, item: Attributes) -> Key:
        """Return the place of an item, which is canonical. Raises ValidationException."""
        for name in self.keys.names:
            if name not in item:
                raise invalid_parameter(f"Missing the key {name} in the item")
            if self.types[name] not in item[name]:
                raise invalid_parameter(
                    f"Type mismatch for key {name} expected: {self.types[name]} "
                    f"actual: {kind_of(item[name])}"
                )
        return self._key(item)

    def check_index_keys(self, item: Attributes) -> None:
        """Raise ValidationException if the key of an index has another type, or is empty."""
        for name, index in self.index_keys.items():
            if name in item:
                self._check_index_key(index, name, item)

    def _check_index_key(self, index: IndexSchema, name: str, item: Attributes) -> None:
        ((kind, content),) = item[name].items()
        if kind != self.types[name]:
            raise invalid_parameter(
                f"Type mismatch for Index Key {name} Expected: {self.types[name]} "
                f"Actual: {kind} IndexName: {index.name}"
            )
        if not content:
            named = "string" if kind == "S" else "binary"
            raise invalid_for_item(_EMPTY_IN_INDEX.format(named, index.name, name))

    def _key(self, values: Attributes) -> Key:
        keys = self.keys
        partition = _key_part(keys.partition, values[keys.partition], MAX_HASH_BYTES)
        if keys.range is None:
            return Key(partition, ())
        return Key(partition, (_key_part(keys.range, values[keys.range], MAX_RANGE_BYTES),))


def _key_part(name: str, value: Value, most: int) -> Any:
    """Return a value of a key as it is compared. Raises ValidationException."""
    ((kind, content),) = value.items()
    if not content:
        raise invalid_for_item(_EMPTY.format("string" if kind == "S" else "binary", name))
    if len(content) * 4 > most and size_of({"": value}) > most:
        raise _too_long(most)
    return comparable(value)


def index_key(table: KeySchema, index: KeySchema, item: Attributes) -> Key | None:
    """Return the place of an item in an index; None if it lacks one of the index's keys."""
    partition = item.get(index.partition)
    if partition is None:
        return None
    sort = []
    if index.range is not None:
        value = item.get(index.range)
        if value is None:
            return None
        sort.append(comparable(value))
    sort += [comparable(item[name]) for name in table.names]
    return Key(comparable(partition), tuple(sort))


def _too_long(most: int) -> Exception:
    if most == MAX_HASH_BYTES:
        return invalid_parameter(
            f"Size of hashkey has exceeded the maximum size limit of{most} bytes"
        )
    return invalid_parameter(
        f"Aggregated size of all range keys has exceeded the size limit of {most} bytes"
    )


def _indexes(keys: KeySchema, request: Mapping[str, Any]) -> Iterator[IndexSchema]:
    for field in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for index in request.get(field) or ():
            own = KeySchema.of(index["KeySchema"])
            projection = index["Projection"]
            shows = None
            if projection["ProjectionType"] != "ALL":
                extra = projection.get("NonKeyAttributes") or ()
                shows = frozenset({*own.names, *keys.names, *extra})
            is_local = field == "LocalSecondaryIndexes"
            yield IndexSchema(index["IndexName"], own, shows, is_local)
