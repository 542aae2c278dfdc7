"""The recipients of a message, described by what they have in common."""

from enum import StrEnum

from msgspec import Struct

from chalicelib.domain.types import SessionId, TenantId


class AudienceKind(StrEnum):
    LISTENERS = "listeners"
    SUBSCRIBERS = "subscribers"
    TENANT = "tenant"


class Audience(Struct, frozen=True):
    """`key` is a session's id, a topic's key or a tenant's id; `language` narrows listeners."""

    kind: AudienceKind
    key: str
    language: str | None = None


def listeners(session_id: SessionId, language: str | None = None) -> Audience:
    """Return the listeners of a session, or those of one language."""
    return Audience(AudienceKind.LISTENERS, session_id, language)


def subscribers(topic_key: str) -> Audience:
    """Return the subscribers of a topic (`topic_key` of `chalicelib.stores.subscriptions`)."""
    return Audience(AudienceKind.SUBSCRIBERS, topic_key)


def tenant(tenant_id: TenantId) -> Audience:
    """Return every open connection of a tenant."""
    return Audience(AudienceKind.TENANT, tenant_id)
