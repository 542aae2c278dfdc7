"""A message of the operator's to every connection of a tenant."""

from msgspec import Raw

from chalicelib.actions.delivery import deliver
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.audience import tenant
from chalicelib.domain.types import TenantId
from chalicelib.protocol.codec import encode_for_many
from chalicelib.protocol.messages import TenantMessage


def send(services: Services, tenant_id: TenantId, data: Raw, remaining: Remaining) -> int:
    """Send `data` to every open connection of a tenant. Return the number of recipients.

    Raises PayloadTooLarge: the message would pass 128 KB. UpstreamError: not all have been told.
    """
    body = encode_for_many(TenantMessage(timestamp=services.clock(), data=data))
    return deliver.to_all_found(services, tenant(tenant_id), body, remaining)
