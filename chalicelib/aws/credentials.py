"""AWS credentials: from the environment, as on Lambda, or else from boto3's default chain.

Described in the Lambda Developer Guide, "Defined runtime environment variables", and in the boto3
guide, "Credentials". boto3 is imported only where the environment has no keys.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from chalicelib.errors import RequestRejected


class Credentials(Struct, frozen=True):
    """`token` is `""` for keys that do not expire."""

    access_key: str
    secret_key: str
    token: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r}, …)"


def credentials(environ: Mapping[str, str]) -> Callable[[], Credentials]:
    """Return a function that returns valid credentials. ServiceCall it for each request."""
    access_key = environ.get("AWS_ACCESS_KEY_ID")
    secret_key = environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key:
        fixed = Credentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN", ""))
        return lambda: fixed
    return _chain()


def _chain() -> Callable[[], Credentials]:
    """Use a profile, SSO, container or instance, as boto3 does; it renews what expires."""
    import boto3  # noqa: PLC0415 - 145 ms of a cold start, and never needed on Lambda

    found = boto3.Session().get_credentials()
    if found is None:
        raise RequestRejected("no AWS credentials in the environment or in boto3's default chain")

    def current() -> Credentials:
        frozen = found.get_frozen_credentials()
        return Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token or "")

    return current


def configured_region() -> str:
    """Return the profile's region, for a machine whose environment names none."""
    import boto3  # noqa: PLC0415

    found = boto3.Session().region_name
    if not found:
        raise RequestRejected("no AWS region: set AWS_REGION")
    return found
