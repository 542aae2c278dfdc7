"""The parameters of paths and queries, and the bodies of requests, as structs."""

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from chalicelib.actions.operator.listings import PAGE
from chalicelib.protocol.fields import Language, SessionIdField

Name = Annotated[str, Meta(min_length=1, max_length=255)]
"""The name of a tenant or a user, as in tokens."""


class Parameters(Struct, rename="camel", kw_only=True, frozen=True):
    """The root of all parameters, of path and query alike. Unknown ones are ignored."""


class NoParameters(Parameters, kw_only=True, frozen=True):
    """No parameters."""


class PageParameters(Parameters, kw_only=True, frozen=True):
    """A page of a list."""

    cursor: (
        Annotated[str, Meta(max_length=1024, description="the `cursor` of the previous page")]
        | UnsetType
    ) = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE, description="the most entries of the page")] = PAGE


class SessionParameters(Parameters, kw_only=True, frozen=True):
    """One session."""

    session_id: SessionIdField


class SessionPageParameters(PageParameters, kw_only=True, frozen=True):
    """A page of a session's entries."""

    session_id: SessionIdField


class TenantParameters(Parameters, kw_only=True, frozen=True):
    """One tenant."""

    tenant_id: Name


class TenantPageParameters(PageParameters, kw_only=True, frozen=True):
    """A page of a tenant's entries."""

    tenant_id: Name
    active: Annotated[bool, Meta(description="only active sessions")] = False


class UserParameters(TenantParameters, kw_only=True, frozen=True):
    """One user of a tenant."""

    user_id: Name


class BroadcastBody(Struct, rename="camel", kw_only=True, frozen=True):
    """A broadcast into a session. `data` is passed on unread."""

    data: Raw
    target_language: Language | UnsetType = UNSET


class TenantMessageBody(Struct, rename="camel", kw_only=True, frozen=True):
    """A message to every connection of a tenant."""

    data: Raw
