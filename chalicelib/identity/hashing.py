"""Keyed hashes of what must not be stored or logged in the clear.

They are keyed because addresses are few: whoever has plain hashes of them can try them all.
"""

import hmac
from ipaddress import IPv6Address, IPv6Network, ip_address

from chalicelib.identity.keys import derive_key


class Hasher:
    """Hashes under keys made from `RESUME_TOKEN_SECRET`, so equal in every process of a stack."""

    def __init__(self, secret: str) -> None:
        self._address_key = derive_key(secret, "address")
        self._connection_key = derive_key(secret, "connection")
        self._user_key = derive_key(secret, "user")

    def address(self, ip: str) -> str:
        """32 hexadecimal digits for a rate-limit bucket; never raises.

        An IPv6 address counts as its /64, which is what one customer has at the least; one that
        carries an IPv4 address counts as that.
        """
        return hmac.digest(self._address_key, _bucket(ip).encode(), "sha256").hex()[:32]

    def connection(self, connection_id: str) -> str:
        """12 hexadecimal digits that stand for a connection in the logs."""
        return hmac.digest(self._connection_key, _plain(connection_id), "sha256").hex()[:12]

    def user(self, tenant_id: str, user_id: str) -> str:
        """32 hexadecimal digits for a user of a tenant; the length keeps `a:b` and `c` apart."""
        name = _plain(f"{len(tenant_id)}:{tenant_id}:{user_id}")
        return hmac.digest(self._user_key, name, "sha256").hex()[:32]


def _plain(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _bucket(ip: str) -> str:
    try:
        address = ip_address(ip.strip())
    except ValueError:
        # What is not an address shares no bucket with one. It is cut, as it may be of any length.
        return f"other {_plain(ip[:100])!r}"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Network((int(address), 64), strict=False))
    return str(address)
