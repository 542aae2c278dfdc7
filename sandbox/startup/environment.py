"""The environment of the local stage: the user's settings, completed with generated ones."""

import secrets
from collections.abc import Mapping, MutableMapping

from sandbox.http.identifiers import REGION
from sandbox.http.signature import Credentials

DEFAULTS = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "RATE_LIMIT_CONNECTS_PER_MINUTE": "100000",
    "RATE_LIMIT_JOINS_PER_MINUTE": "100000",
    "RATE_LIMIT_FAILED_JOINS_PER_MINUTE": "100000",
    "RATE_LIMIT_SESSIONS_PER_HOUR": "100000",
    "RATE_LIMIT_CONTROLS_PER_SECOND": "100000",
}
_PERSONAL = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def is_strict(environ: Mapping[str, str]) -> bool:
    """Return True if the gateway is to follow API Gateway where PROTOCOL is kinder to clients."""
    return environ.get("LECTERN_STRICT", "") not in ("", "0")


def own_credentials(environ: MutableMapping[str, str]) -> Credentials:
    """Put credentials of this run into `environ`, and return them.

    They replace a developer's own, which must never sign anything here.
    """
    for variable in _PERSONAL:
        environ.pop(variable, None)
    credentials = Credentials("AKIDLOCALSANDBOX0000", secrets.token_hex(20))
    environ["AWS_ACCESS_KEY_ID"] = credentials.access_key_id
    environ["AWS_SECRET_ACCESS_KEY"] = credentials.secret_access_key
    return credentials


def fill(environ: MutableMapping[str, str], made: Mapping[str, str]) -> None:
    """Add to `environ` the settings it lacks: those `made` by this run, defaults, secrets."""
    for variable, value in {**DEFAULTS, **made}.items():
        environ.setdefault(variable, value)
    environ.setdefault("RESUME_TOKEN_SECRET", secrets.token_hex(32))
    if not environ.get("JWT_JWKS_URL"):
        environ.setdefault("JWT_SECRET", secrets.token_hex(32))
