"""Keys come from the issuer's key set: when they are needed, and not more often than that."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.types import Millis
from chalicelib.errors import Code, Unavailable
from chalicelib.identity.tokens import Identity
from tests.chalicelib.identity.issuer import (
    JWKS_URL,
    NOW,
    Issuer,
    PrivateKey,
    claims,
    ec_key,
    jwk,
    outcome,
    rsa_key,
    signed,
)

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
LONG = claims(exp=NOW // 1000 + 100 * 3600)


def rs256(kid: str | None = "rsa", key: PrivateKey | None = None) -> str:
    headers = {} if kid is None else {"kid": kid}
    return signed(LONG, key or rsa_key(), "RS256", headers)


def es256(kid: str | None = "ec", key: PrivateKey | None = None) -> str:
    headers = {} if kid is None else {"kid": kid}
    return signed(LONG, key or ec_key(), "ES256", headers)


def rsa_entry(**members: object) -> dict[str, Any]:
    return jwk(rsa_key(), kid="rsa") | members


def ec_entry(**members: object) -> dict[str, Any]:
    return jwk(ec_key(), kid="ec") | members


def accepted(issuer: Issuer, token: str, **settings: Any) -> bool:
    result = outcome(issuer.verifier(**settings), token)
    assert isinstance(result, Identity) or result == Code.TOKEN_INVALID
    return isinstance(result, Identity)


def test_rs256_and_es256_are_accepted_with_a_key_set() -> None:
    issuer = Issuer(rsa_entry(), ec_entry())
    verifier = issuer.verifier()

    assert isinstance(outcome(verifier, rs256()), Identity)
    assert isinstance(outcome(verifier, es256()), Identity)
    assert issuer.fetched == [JWKS_URL]


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS384", rsa_key()),
        ("RS512", rsa_key()),
        ("ES384", ec_key(0, "P-384")),
        ("ES512", ec_key(0, "P-521")),
    ],
    ids=["RS384", "RS512", "ES384", "ES512"],
)
def test_other_algorithms_are_accepted_if_the_settings_name_them(
    algorithm: str, key: PrivateKey
) -> None:
    issuer = Issuer(jwk(key, kid="k"))
    token = signed(LONG, key, algorithm, {"kid": "k"})

    assert accepted(issuer, token, jwt_algorithms=(algorithm,))
    assert not accepted(issuer, token)


def test_no_key_is_fetched_before_one_is_needed() -> None:
    issuer = Issuer(rsa_entry())
    verifier = issuer.verifier()

    assert outcome(verifier, "no token") == Code.TOKEN_INVALID
    assert issuer.fetched == []


# Which entries are keys


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"use": "sig"},
        {"alg": "RS256"},
        {"use": "sig", "alg": "RS256", "x5t": "x", "other": [1]},
    ],
    ids=["bare", "for signatures", "for RS256", "with everything"],
)
def test_an_entry_may_say_what_it_is_for(members: dict[str, object]) -> None:
    assert accepted(Issuer(rsa_entry(**members)), rs256())


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"use": None},
        {"alg": "RS512"},
        {"alg": "RSA-OAEP"},
        {"kty": "EC"},
        {"kty": "oct"},
        {"kty": ["RSA"]},
        {"n": 5},
        {"n": ""},
        {"e": "AA"},
        {"n": "!"},
    ],
    ids=str,
)
def test_an_entry_for_another_use_or_without_a_key_is_ignored(members: dict[str, object]) -> None:
    assert not accepted(Issuer(rsa_entry(**members)), rs256())
    assert accepted(Issuer(rsa_entry(**members), ec_entry()), es256())


@pytest.mark.parametrize("entry", [None, 7, "rsa", [], {}, {"kid": "rsa"}], ids=str)
def test_a_malformed_entry_is_ignored(entry: object) -> None:
    assert not accepted(Issuer(entry), rs256())
    assert accepted(Issuer(entry, rsa_entry()), rs256())


@given(st.dictionaries(st.sampled_from(["kty", "n", "e", "x", "y", "crv"]), st.text() | st.none()))
def test_no_entry_breaks_the_others(members: dict[str, object]) -> None:
    assert accepted(Issuer(ec_entry(kid="odd") | members, rsa_entry()), rs256())


def test_a_private_key_published_by_mistake_serves_as_its_public_half() -> None:
    assert accepted(Issuer(rsa_entry(d="AQAB")), rs256())


def test_a_curve_must_be_the_one_of_the_algorithm() -> None:
    other_curve = ec_key(0, "P-384")
    issuer = Issuer(jwk(other_curve, kid="ec"))
    token = signed(LONG, other_curve, "ES384", {"kid": "ec"})

    assert not accepted(issuer, token)
    assert not accepted(issuer, token, jwt_algorithms=("ES256", "ES512"))
    assert accepted(issuer, token, jwt_algorithms=("ES384",))


# Which key is meant


def test_a_token_without_a_kid_means_the_only_key_there_is() -> None:
    assert accepted(Issuer(rsa_entry()), rs256(None))
    assert accepted(Issuer(rsa_entry(), ec_entry(use="enc")), rs256(None))


def test_a_token_without_a_kid_is_refused_where_there_are_several_or_none() -> None:
    assert not accepted(Issuer(rsa_entry(), ec_entry()), rs256(None))
    assert not accepted(Issuer(), rs256(None))


def test_keys_of_two_kinds_may_share_a_kid_but_not_two_of_one_kind() -> None:
    shared = Issuer(rsa_entry(kid="k"), ec_entry(kid="k"))
    doubled = Issuer(rsa_entry(kid="k"), jwk(rsa_key(1), kid="k"))

    assert accepted(shared, rs256("k"))
    assert accepted(shared, es256("k"))
    assert not accepted(doubled, rs256("k"))


# When the set is fetched


def test_a_set_is_kept_for_an_hour() -> None:
    issuer = Issuer(rsa_entry())
    verifier = issuer.verifier()

    for later in [0, MINUTE, HOUR - 1]:
        assert isinstance(outcome(verifier, rs256(), NOW + later), Identity)
    assert len(issuer.fetched) == 1

    assert isinstance(outcome(verifier, rs256(), NOW + HOUR), Identity)
    assert len(issuer.fetched) == 2


def test_a_key_that_is_withdrawn_is_refused_after_an_hour_at_the_latest() -> None:
    issuer = Issuer(rsa_entry(), ec_entry())
    verifier = issuer.verifier()
    assert isinstance(outcome(verifier, rs256()), Identity)

    issuer.publish(ec_entry())

    assert outcome(verifier, rs256(), NOW + HOUR) == Code.TOKEN_INVALID


def test_a_new_kid_is_fetched_once_it_is_seen() -> None:
    issuer = Issuer(rsa_entry())
    verifier = issuer.verifier()
    assert isinstance(outcome(verifier, rs256()), Identity)
    issuer.publish(rsa_entry(), jwk(rsa_key(1), kid="new"))

    assert isinstance(outcome(verifier, rs256("new", rsa_key(1)), NOW + MINUTE), Identity)
    assert isinstance(outcome(verifier, rs256(), NOW + MINUTE), Identity)
    assert len(issuer.fetched) == 2


def test_unknown_kids_cause_one_fetch_a_minute_however_many_they_are() -> None:
    issuer = Issuer(rsa_entry())
    verifier = issuer.verifier()

    for number in range(600):  # one each 300 ms: three minutes
        token = rs256(f"made-up-{number}")
        assert outcome(verifier, token, NOW + 300 * number) == Code.TOKEN_INVALID

    assert len(issuer.fetched) == 3


def test_keys_at_hand_stay_in_use_while_the_issuer_cannot_be_reached() -> None:
    issuer = Issuer(rsa_entry())
    verifier = issuer.verifier()
    assert isinstance(outcome(verifier, rs256()), Identity)

    answers: list[bytes | OSError] = [OSError("down"), b"<html>", b"[]", b'{"keys": {}}', b"\xff"]
    for answer in answers:
        issuer.answer = answer
        assert isinstance(outcome(verifier, rs256(), NOW + 24 * HOUR), Identity)
        assert outcome(verifier, rs256("new"), NOW + 24 * HOUR) == Code.TOKEN_INVALID


@pytest.mark.parametrize("answer", [OSError("down"), b"", b"null", b"{}", b'{"keys": 7}'])
def test_without_any_key_the_service_is_unavailable_and_tries_again_soon(
    answer: bytes | OSError,
) -> None:
    issuer = Issuer()
    issuer.answer = answer
    verifier = issuer.verifier()

    for later in [0, SECOND, 4 * SECOND]:
        with pytest.raises(Unavailable) as refusal:
            verifier.verify(rs256(), Millis(NOW + later))
        assert refusal.value.code == Code.SERVICE_UNAVAILABLE
        assert refusal.value.retry_after == 5
        assert isinstance(refusal.value.__cause__, OSError | ValueError)
    assert len(issuer.fetched) == 1

    issuer.publish(rsa_entry())
    assert isinstance(outcome(verifier, rs256(), NOW + 5 * SECOND), Identity)


def test_a_stale_set_that_cannot_be_renewed_is_tried_once_a_minute() -> None:
    issuer = Issuer(rsa_entry())
    verifier = issuer.verifier()
    assert isinstance(outcome(verifier, rs256()), Identity)
    issuer.answer = OSError("down")

    for later in range(0, 3 * MINUTE, SECOND):
        assert isinstance(outcome(verifier, rs256(), NOW + HOUR + later), Identity)

    assert len(issuer.fetched) == 1 + 3


def test_many_threads_cause_one_fetch_and_all_get_a_result() -> None:
    class SlowIssuer(Issuer):
        def fetch(self, url: str) -> bytes:
            all_are_waiting.wait(0.2)
            return super().fetch(url)

    all_are_waiting = Event()
    issuer = SlowIssuer(rsa_entry(), ec_entry())
    verifier = issuer.verifier()
    tokens = [rs256(), es256()] * 8

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda token: outcome(verifier, token), tokens))

    assert all(isinstance(result, Identity) for result in results)
    assert len(issuer.fetched) == 1
