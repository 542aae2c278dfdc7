"""Keyed hashes of values that must not be stored or logged in the clear.

They are keyed because there are few addresses: plain hashes can be reversed by trying them all.
"""

import hmac
from ipaddress import IPv6Address, IPv6Network, ip_address

from chalicelib.identity.keys import derive_key


class Hasher:
    """Hashes under keys made from `RESUME_TOKEN_SECRET`, equal in every process of a stack."""

    def __init__(self, secret: str) -> None:
        self._address_key = derive_key(secret, "address")
        self._connection_key = derive_key(secret, "connection")
        self._user_key = derive_key(secret, "user")

    def address(self, ip: str) -> str:
        """Return 32 hexadecimal digits for a rate-limit bucket. Never raises.

        An IPv6 address counts as its /64, the least that one customer has; one that carries an IPv4
        address counts as that.
        """
        return hmac.digest(self._address_key, _bucket(ip).encode(), "sha256").hex()[:32]

    def connection(self, connection_id: str) -> str:
        """Return 12 hexadecimal digits that stand for a connection in the logs."""
        return hmac.digest(self._connection_key, _plain(connection_id), "sha256").hex()[:12]

    def user(self, tenant_id: str, user_id: str) -> str:
        """Return 32 hexadecimal digits for a user of a tenant.

        The tenant's length is hashed too, so that no two pairs of names are the same text.
        """
        name = _plain(f"{len(tenant_id)}:{tenant_id}:{user_id}")
        return hmac.digest(self._user_key, name, "sha256").hex()[:32]


def _plain(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _bucket(ip: str) -> str:
    try:
        address = ip_address(ip.strip())
    except ValueError:
        # Text that is no address gets a bucket of its own. It is cut, as it may be of any length.
        return f"other {_plain(ip[:100])!r}"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Network((int(address), 64), strict=False))
    return str(address)
