"""What the operator API is asked: the parameters of paths and queries, and the bodies."""

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from chalicelib.actions.operator.tenants import PAGE
from chalicelib.protocol.fields import Language, SessionIdField

Name = Annotated[str, Meta(min_length=1, max_length=255)]
"""Of a tenant or a user, as tokens have it."""


class Question(Struct, rename="camel", kw_only=True, frozen=True):
    """Parameters by name, wherever in the URL they are. Unknown ones are ignored."""


class Nothing(Question, kw_only=True, frozen=True):
    """No parameters."""


class Paged(Question, kw_only=True, frozen=True):
    """A page of a list."""

    cursor: (
        Annotated[str, Meta(max_length=1024, description="from the page before")] | UnsetType
    ) = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE, description="entries of the page")] = PAGE


class InSession(Question, kw_only=True, frozen=True):
    """One session."""

    session_id: SessionIdField


class InSessionPaged(Paged, kw_only=True, frozen=True):
    """A page of what belongs to a session."""

    session_id: SessionIdField


class OfTenant(Question, kw_only=True, frozen=True):
    """One tenant."""

    tenant_id: Name


class OfTenantPaged(Paged, kw_only=True, frozen=True):
    """A page of what belongs to a tenant."""

    tenant_id: Name
    active: Annotated[bool, Meta(description="leave out sessions that have ended")] = False


class OfUser(OfTenant, kw_only=True, frozen=True):
    """One user of a tenant."""

    user_id: Name


class Saying(Struct, rename="camel", kw_only=True, frozen=True):
    """What is said into a session. `data` is passed on as it is, never looked into."""

    data: Raw
    target_language: Language | UnsetType = UNSET


class Message(Struct, rename="camel", kw_only=True, frozen=True):
    """What is said to a tenant."""

    data: Raw
