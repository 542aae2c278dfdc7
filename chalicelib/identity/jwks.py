"""The public keys of an issuer: a JSON Web Key Set behind a URL (RFC 7517).

Imported only where `JWT_JWKS_URL` is set: PyJWT and cryptography cost a cold start 55 ms.
"""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from jwt import PyJWK, PyJWS
from jwt.exceptions import PyJWTError
from msgspec import Struct

from chalicelib.domain.types import Millis
from chalicelib.errors import Code, Unavailable
from chalicelib.identity.jws import SignedToken, decode_object, invalid

_FRESH_FOR = 3_600_000  # ms after which the set is fetched again
_PAUSE = 60_000  # ms between two fetches, so that no client can make us flood the issuer
_PAUSE_WITHOUT_KEYS = 5_000  # ms, while no token at all can be checked

_SHAPES: Mapping[str, dict[str, str]] = {
    "RS256": {"kty": "RSA"},
    "RS384": {"kty": "RSA"},
    "RS512": {"kty": "RSA"},
    "ES256": {"kty": "EC", "crv": "P-256"},
    "ES384": {"kty": "EC", "crv": "P-384"},
    "ES512": {"kty": "EC", "crv": "P-521"},
}
_PUBLIC_MEMBERS = ("kty", "crv", "n", "e", "x", "y")


class _Key(Struct, frozen=True):
    """One signing key, ready for each algorithm that it may be used with."""

    key_id: object
    by_algorithm: Mapping[str, PyJWK]


class KeySet:
    """Checks signatures with the keys behind `url`, fetched when they are first needed.

    A set is kept for an hour of the stack's clock. It is fetched again for a token with an unknown
    `kid` (keys rotate), at most once a minute. If a fetch fails, the known keys stay in use.
    """

    def __init__(self, url: str, algorithms: frozenset[str], fetch: Callable[[str], bytes]) -> None:
        self._url = url
        self._algorithms = algorithms & _SHAPES.keys()
        self._fetch = fetch
        self._jws = PyJWS(options={"enforce_minimum_key_length": True})
        self._lock = Lock()
        self._keys: tuple[_Key, ...] | None = None
        self._failure: Exception | None = None
        self._fetched_at = Millis(0)
        self._tried_at = Millis(-_PAUSE)

    def check(self, token: SignedToken, now: Millis) -> None:
        """Check a token's signature.

        Raises:
            Unauthorized: it was not signed with one of the issuer's keys.
            Unavailable: the keys cannot be fetched.
        """
        key = _chosen(self._current_keys(token.key_id, now), token)
        try:
            self._jws.decode_complete(token.text, key, algorithms=[token.algorithm])
        except PyJWTError:
            raise invalid("its signature is wrong") from None

    def _current_keys(self, key_id: str | None, now: Millis) -> tuple[_Key, ...]:
        with self._lock:  # other threads wait for a fetch in progress instead of sending their own
            if self._due(key_id, now):
                self._tried_at = now
                self._refresh(now)
            if self._keys is None:
                raise Unavailable(
                    Code.SERVICE_UNAVAILABLE,
                    "tokens cannot be verified at the moment: the issuer's keys are unavailable",
                    retry_after=_PAUSE_WITHOUT_KEYS // 1000,
                ) from self._failure
            return self._keys

    def _due(self, key_id: str | None, now: Millis) -> bool:
        if self._keys is None:
            return now - self._tried_at >= _PAUSE_WITHOUT_KEYS
        unknown = key_id is not None and all(key.key_id != key_id for key in self._keys)
        stale = now - self._fetched_at >= _FRESH_FOR
        return (unknown or stale) and now - self._tried_at >= _PAUSE

    def _refresh(self, now: Millis) -> None:
        try:
            entries = decode_object(self._fetch(self._url)).get("keys")
            if not isinstance(entries, list):
                raise ValueError("the key set has no list of keys")
        except (OSError, ValueError) as failure:
            self._failure = failure
            return
        self._keys = tuple(filter(None, map(self._key, entries)))
        self._fetched_at = now

    def _key(self, entry: object) -> _Key | None:
        """Return the key of one entry of a set, None if no accepted algorithm can use it."""
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            return None
        public = {name: entry[name] for name in _PUBLIC_MEMBERS if name in entry}
        fitting = {name for name in self._algorithms if _fits(entry, name)}
        try:
            keys = {name: PyJWK(public, name) for name in fitting}
        except (PyJWTError, ValueError, TypeError, AttributeError):  # its numbers are not a key
            return None
        return _Key(entry.get("kid"), keys) if keys else None


def _fits(entry: Mapping[str, Any], algorithm: str) -> bool:
    shape = _SHAPES[algorithm] | {"alg": algorithm}
    return all({"alg": algorithm, **entry}.get(member) == shape[member] for member in shape)


def _chosen(keys: tuple[_Key, ...], token: SignedToken) -> PyJWK:
    """Return the key that a token was signed with. Without a `kid`, there must be only one."""
    if token.key_id is not None:
        keys = tuple(key for key in keys if key.key_id == token.key_id)
    elif len(keys) > 1:
        raise invalid("it has no kid, and the issuer has several keys")
    usable = [
        key.by_algorithm[token.algorithm] for key in keys if token.algorithm in key.by_algorithm
    ]
    if len(usable) != 1:
        raise invalid("its key is unknown")
    return usable[0]
