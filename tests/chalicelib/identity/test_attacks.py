"""Known attacks on tokens are refused with 401, and none makes us fetch a foreign URL.

Here: the wrong algorithm, key or kind of token. `test_malformed.py` has altered and odd ones.
"""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from chalicelib.domain.types import Millis, Role, SessionId, UserId
from chalicelib.errors import Code, Unauthorized
from chalicelib.identity import base64url
from chalicelib.identity.resume import ResumeClaims, ResumeTokens
from chalicelib.identity.tokens import Identity
from tests.chalicelib.identity.issuer import (
    JWKS_URL,
    NOW,
    SECRET,
    Issuer,
    both_kinds,
    claims,
    ec_key,
    encoded,
    forged,
    hmac_signed,
    hs256,
    jwk,
    outcome,
    refusal,
    rsa_key,
    secret_verifier,
    signed,
)

INVALID = Code.TOKEN_INVALID


# The algorithm is the settings' and never the token's


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 0, [], ["HS256"], {}])
@pytest.mark.parametrize("signature", [b"", b"anything"], ids=["unsigned", "signed"])
def test_alg_none_in_any_spelling(alg: object, signature: bytes) -> None:
    token = forged({"alg": alg, "typ": "JWT"}, claims(), signature)

    assert refusal(secret_verifier(), token) == INVALID
    assert refusal(both_kinds()[1], token) == INVALID


def test_no_alg_at_all() -> None:
    assert refusal(secret_verifier(), hmac_signed({"typ": "JWT"}, claims())) == INVALID


@pytest.mark.parametrize(
    "form",
    [serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1],
    ids=["SPKI", "PKCS1"],
)
@pytest.mark.parametrize(
    "encoding", [serialization.Encoding.PEM, serialization.Encoding.DER], ids=["PEM", "DER"]
)
@pytest.mark.parametrize("kid", [None, "rsa"])
def test_the_public_rsa_key_used_as_an_hmac_secret(
    form: serialization.PublicFormat, encoding: serialization.Encoding, kid: str | None
) -> None:
    public = rsa_key().public_key().public_bytes(encoding, form)
    header = {"alg": "HS256"} if kid is None else {"alg": "HS256", "kid": kid}
    _, verifier = both_kinds()

    for secret in [public, public.strip(), json.dumps(jwk(rsa_key())).encode()]:
        assert refusal(verifier, hmac_signed(header, claims(), secret)) == INVALID


def test_the_same_even_where_the_settings_were_made_to_allow_hs256_with_a_key_set() -> None:
    # `Settings.from_environ` refuses that; the verifier does not rely on it.
    issuer = Issuer(jwk(rsa_key(), kid="rsa"))
    public = (
        rsa_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    token = hmac_signed({"alg": "HS256", "kid": "rsa"}, claims(), public)

    assert refusal(issuer.verifier(jwt_algorithms=("HS256", "RS256")), token) == INVALID


def test_a_shared_key_slipped_into_the_key_set() -> None:
    oct_key = {"kty": "oct", "kid": "k", "k": base64url.encode(SECRET.encode()), "alg": "HS256"}
    token = hmac_signed({"alg": "HS256", "kid": "k"}, claims())

    assert refusal(Issuer(oct_key).verifier(jwt_algorithms=("HS256", "RS256")), token) == INVALID


def test_public_key_algorithms_where_there_is_only_a_secret() -> None:
    for algorithms in [(), ("RS256",), ("RS256", "HS256")]:
        verifier = secret_verifier(jwt_algorithms=algorithms)
        assert refusal(verifier, signed(claims(), rsa_key(), "RS256")) == INVALID
        assert refusal(verifier, hmac_signed({"alg": "RS256"}, claims())) == INVALID


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "HS512"])
def test_a_header_that_names_another_algorithm_than_the_one_used(alg: str) -> None:
    _, verifier = both_kinds()
    head, body, signature = signed(claims(), ec_key(), "ES256", {"kid": "ec"}).split(".")
    assert outcome(verifier, f"{head}.{body}.{signature}") != INVALID

    for kid in ["ec", "rsa"]:
        renamed = f"{encoded({'alg': alg, 'kid': kid})}.{body}.{signature}"
        assert refusal(verifier, renamed) == INVALID


# The key is the issuer's and never the token's


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": jwk(rsa_key(7))},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/cert.pem"},
        {"x5c": ["MIIB"]},
        {"jwk": jwk(rsa_key(7)), "jku": "https://evil.example/", "kid": "rsa"},
    ],
    ids=["jwk", "jku", "x5u", "x5c", "all"],
)
def test_a_key_that_the_token_brings_or_points_at(header: dict[str, Any]) -> None:
    issuer, verifier = both_kinds()

    token = signed(claims(), rsa_key(7), "RS256", {"kid": "rsa"} | header)

    assert refusal(verifier, token) == INVALID
    assert issuer.fetched == [JWKS_URL]


def test_the_same_headers_on_a_good_token_change_nothing_and_are_not_followed() -> None:
    issuer, verifier = both_kinds()
    header = {"kid": "rsa", "jku": "https://evil.example/", "x5u": "https://evil.example/"}

    assert isinstance(outcome(verifier, signed(claims(), rsa_key(), "RS256", header)), Identity)
    assert issuer.fetched == [JWKS_URL]


@pytest.mark.parametrize(
    "kid",
    [
        "unknown",
        "",
        "../../dev/null",
        "rsa' OR '1'='1",
        "/proc/self/environ",
        "rsa\x00",
        "RSA",
        "https://evil.example/jwks.json",
        "x" * 4000,
    ],
)
def test_a_kid_that_the_issuer_does_not_have(kid: str) -> None:
    issuer, verifier = both_kinds()

    assert refusal(verifier, signed(claims(), rsa_key(), "RS256", {"kid": kid})) == INVALID
    assert set(issuer.fetched) == {JWKS_URL}


@pytest.mark.parametrize("kid", [7, True, ["rsa"], {"rsa": 1}, 1.5])
def test_a_kid_that_is_no_text(kid: object) -> None:
    signing_input = f"{encoded({'alg': 'RS256', 'kid': kid})}.{encoded(claims())}"

    assert refusal(both_kinds()[1], f"{signing_input}.AAAA") == INVALID
    assert (
        refusal(secret_verifier(), hmac_signed({"alg": "HS256", "kid": kid}, claims())) == INVALID
    )


def test_the_kid_of_one_key_with_the_signature_of_another() -> None:
    issuer = Issuer(jwk(rsa_key(0), kid="old"), jwk(rsa_key(1), kid="new"))

    assert (
        refusal(issuer.verifier(), signed(claims(), rsa_key(0), "RS256", {"kid": "new"})) == INVALID
    )


def test_a_key_that_is_too_short_to_be_safe() -> None:
    short = rsa_key(0, 1024)
    issuer = Issuer(jwk(short, kid="short"))
    with pytest.warns(match="1024 bits"):
        token = signed(claims(), short, "RS256", {"kid": "short"})

    assert refusal(issuer.verifier(), token) == INVALID


# One kind of token for another


def test_a_resume_token_is_no_jwt_and_a_jwt_no_resume_token() -> None:
    resume = ResumeTokens(SECRET)
    token = resume.issue(
        ResumeClaims(
            SessionId("golden-eagle-427"), Role.SPEAKER, "0" * 32, UserId("ada"), Millis(NOW + 1000)
        )
    )

    assert refusal(secret_verifier(), token) == INVALID
    assert refusal(secret_verifier(), token.removeprefix("r1.") + ".x.y") == INVALID
    for jwt_token in [hs256(), "r1." + hs256(), "r1." + hs256().replace(".", "")]:
        with pytest.raises(Unauthorized) as refused:
            resume.read(jwt_token, NOW)
        assert (refused.value.status, refused.value.code) == (401, INVALID)
