"""A token identifies a user if its issuer, audience, signature and times are valid."""

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.types import Millis, TenantId, UserId
from chalicelib.errors import Code, Unauthorized
from chalicelib.identity.tokens import Identity, TokenVerifier
from chalicelib.settings import Settings, SettingsError
from tests.chalicelib.identity.issuer import (
    NOW,
    SECRET,
    claims,
    hs256,
    outcome,
    raw,
    secret_verifier,
    signed,
)

LATER = NOW + 3_600_000
verifier = secret_verifier()


def test_a_good_token_tells_user_tenant_and_expiry() -> None:
    assert verifier.verify(hs256(), NOW) == Identity(UserId("ada"), TenantId("acme"), Millis(LATER))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_settings_alone_choose_the_algorithm(algorithm: str) -> None:
    long_secret = SECRET * 2
    chosen = TokenVerifier(Settings(jwt_secret=long_secret, jwt_algorithms=(algorithm,)))

    for used in ["HS256", "HS384", "HS512"]:
        result = outcome(chosen, signed(claims(), long_secret, used))
        assert isinstance(result, Identity) is (used == algorithm)


def test_a_token_without_a_tenant_is_of_the_default_one() -> None:
    assert verifier.verify(hs256(claims(tenantId=None)), NOW).tenant_id == "default"


def test_the_claim_of_the_tenant_can_be_named() -> None:
    named = secret_verifier(jwt_tenant_claim="https://acme.example/org")

    assert named.verify(hs256(claims(**{"https://acme.example/org": "x"})), NOW).tenant_id == "x"
    assert named.verify(hs256(claims()), NOW).tenant_id == "default"


# Time


def test_time_is_the_stack_s_and_not_the_wall_clock() -> None:
    in_the_past = hs256(claims(exp=1000))
    in_the_future = hs256(claims(nbf=10_000_000_000, exp=10_000_000_001))

    assert isinstance(outcome(verifier, in_the_past, 999_999), Identity)
    assert isinstance(outcome(verifier, in_the_future, 10_000_000_000_000), Identity)


@pytest.mark.parametrize(
    ("now", "expected"),
    [(LATER - 1, None), (LATER, Code.TOKEN_EXPIRED), (LATER + 10**9, Code.TOKEN_EXPIRED)],
)
def test_a_token_ends_with_the_millisecond_of_its_exp(now: int, expected: Code | None) -> None:
    result = outcome(verifier, hs256(), now)

    assert result == expected or (expected is None and isinstance(result, Identity))


@pytest.mark.parametrize(("early", "accepted"), [(1, False), (0, True), (-1, True)])
def test_a_token_begins_with_the_millisecond_of_its_nbf(early: int, accepted: bool) -> None:
    token = hs256(claims(nbf=NOW // 1000))

    result = outcome(verifier, token, NOW - early)

    assert isinstance(result, Identity) is accepted
    assert accepted or result == Code.TOKEN_INVALID


@pytest.mark.parametrize(("ahead", "accepted"), [(61, False), (60, True), (-3600, True)])
def test_a_token_may_not_come_from_more_than_a_minute_ahead(ahead: int, accepted: bool) -> None:
    token = hs256(claims(iat=NOW // 1000 + ahead, exp=NOW // 1000 + 7200))

    result = outcome(verifier, token, NOW)

    assert isinstance(result, Identity) is accepted
    assert accepted or result == Code.TOKEN_INVALID


def test_fractions_of_a_second_count() -> None:
    assert verifier.verify(hs256(claims(exp=NOW / 1000 + 0.25)), NOW).expires_at == NOW + 250


@pytest.mark.parametrize("exp", [0, 1, NOW // 1000, 12.5])
def test_a_time_long_gone_is_expired(exp: float) -> None:
    assert outcome(verifier, hs256(claims(exp=exp))) == Code.TOKEN_EXPIRED


# Issuer and audience


@pytest.mark.parametrize(
    "iss", ["https://issuer.example/", "https://other.example", ["https://issuer.example"], 7, None]
)
def test_the_issuer_must_be_the_configured_one(iss: object) -> None:
    strict = secret_verifier(jwt_issuer="https://issuer.example")

    assert isinstance(outcome(strict, raw(claims(iss="https://issuer.example"))), Identity)
    assert outcome(strict, raw(claims(iss=iss))) == Code.TOKEN_INVALID


@pytest.mark.parametrize("aud", ["lectern", ["lectern"], ["other", "lectern"]], ids=str)
def test_the_audience_may_be_the_configured_one_or_it_among_several(aud: object) -> None:
    strict = secret_verifier(jwt_audience="lectern")

    assert isinstance(outcome(strict, raw(claims(aud=aud))), Identity)


@pytest.mark.parametrize(
    "aud", ["other", "lecternx", "", ["other"], [["lectern"]], [], {"lectern": 1}, None], ids=str
)
def test_any_other_audience_is_refused(aud: object) -> None:
    strict = secret_verifier(jwt_audience="lectern")

    assert outcome(strict, raw(claims(aud=aud))) == Code.TOKEN_INVALID


def test_issuer_and_audience_are_ignored_where_none_is_configured() -> None:
    token = hs256(claims(iss="https://any.example", aud=["any"]))

    assert isinstance(outcome(verifier, token), Identity)


def test_an_expired_token_of_another_issuer_is_invalid_rather_than_expired() -> None:
    strict = secret_verifier(jwt_issuer="https://issuer.example")

    assert outcome(strict, hs256(claims(exp=1))) == Code.TOKEN_INVALID


# Names


@pytest.mark.parametrize("name", ["a", "ada@example.org", "名前", "x" * 255, "auth0|5f7c8ec7c33c"])
def test_users_and_tenants_may_have_any_printable_name(name: str) -> None:
    identity = verifier.verify(hs256(claims(sub=name, tenantId=name)), NOW)

    assert (identity.user_id, identity.tenant_id) == (name, name)


# PyJWT is the reference


@given(st.data())
def test_no_token_is_accepted_that_pyjwt_refuses(data: st.DataObject) -> None:
    token = hs256()
    at = data.draw(st.integers(0, len(token)))
    cut = data.draw(st.integers(0, 3))
    altered = token[:at] + data.draw(st.text(st.characters(), max_size=3)) + token[at + cut :]

    if isinstance(outcome(verifier, altered), Identity):
        options: jwt.types.Options = {"verify_exp": False}
        assert jwt.decode(altered, SECRET, ["HS256"], options)["sub"] == "ada"
        assert altered == token


@given(st.text(st.characters()))
@example("..")
@example("." * 100_000)
@example("a.b.c")
def test_any_text_is_refused_and_none_raises_anything_else(text: str) -> None:
    assert outcome(verifier, text) == Code.TOKEN_INVALID


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(
    st.dictionaries(st.sampled_from(["sub", "exp", "nbf", "tenantId", "iss", "aud"]), json_values)
)
def test_well_signed_claims_are_accepted_only_if_complete(payload: dict[str, object]) -> None:
    result = outcome(verifier, raw(payload))

    if isinstance(result, Identity):
        assert result.user_id == payload["sub"]
        assert result.tenant_id == payload.get("tenantId", "default")
        assert result.expires_at > NOW
    else:
        assert result in {Code.TOKEN_INVALID, Code.TOKEN_EXPIRED}


# The rest


def test_a_refusal_says_why_but_never_repeats_the_token() -> None:
    for token in [hs256(claims(sub="")), hs256(secret="x" * 32), hs256()[:-1], "secret-text"]:
        with pytest.raises(Unauthorized) as refusal:
            verifier.verify(token, NOW)

        assert refusal.value.status == 401
        assert refusal.value.message.startswith("the token is not valid: ")
        assert token not in refusal.value.message


@pytest.mark.parametrize(
    "secret", ["-----BEGIN PUBLIC KEY-----\nMIIB…", "ssh-rsa AAAAB3NzaC1yc2E", "ecdsa-sha2 AAAA"]
)
def test_a_public_key_is_no_secret(secret: str) -> None:
    with pytest.raises(SettingsError, match="JWT_SECRET"):
        TokenVerifier(Settings(jwt_secret=secret))
