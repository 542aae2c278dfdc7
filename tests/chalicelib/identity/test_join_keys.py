"""Join keys: the same for a session whoever asks, another for every other one."""

import re

from chalicelib.domain.types import Millis, SessionId
from chalicelib.identity.join_keys import JoinKeys

SECRET = "0123456789abcdef0123456789abcdef"
SESSION, CREATED_AT = SessionId("golden-eagle-427"), Millis(1_700_000_000_000)


def test_a_session_has_one_key_in_every_process() -> None:
    key = JoinKeys(SECRET).derive(SESSION, CREATED_AT)

    assert JoinKeys(SECRET).derive(SESSION, CREATED_AT) == key
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", key)


def test_another_name_time_or_secret_has_another_key() -> None:
    keys = JoinKeys(SECRET)

    derived = {
        keys.derive(SESSION, CREATED_AT),
        keys.derive(SessionId("golden-eagle-428"), CREATED_AT),
        keys.derive(SESSION, Millis(CREATED_AT + 1)),
        JoinKeys(SECRET[::-1]).derive(SESSION, CREATED_AT),
    }

    assert len(derived) == 4


def test_only_the_key_fits_its_hash() -> None:
    keys = JoinKeys(SECRET)
    key = keys.derive(SESSION, CREATED_AT)
    key_hash = keys.hash(key)

    assert keys.fits(key, key_hash)
    assert key not in key_hash
    for other in (None, "", key[:-1], f"{key} ", key.swapcase(), key_hash, "\ud800"):
        assert not keys.fits(other, key_hash)
    assert not keys.fits(key, None)
    assert not keys.fits(None, None)
