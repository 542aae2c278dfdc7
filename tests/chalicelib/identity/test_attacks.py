"""Every attack on tokens that we know of is refused with 401, and none makes us call a stranger."""

import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from chalicelib.domain.types import Millis, Role, SessionId, UserId
from chalicelib.errors import Code, Unauthorized
from chalicelib.identity import base64url
from chalicelib.identity.credentials import find_token
from chalicelib.identity.resume import ResumeClaims, ResumeTokens
from chalicelib.identity.tokens import Identity, TokenVerifier
from chalicelib.settings import Settings
from tests.chalicelib.identity.issuer import (
    JWKS_URL,
    NOW,
    SECRET,
    Issuer,
    PrivateKey,
    claims,
    ec_key,
    encoded,
    hs256,
    jwk,
    outcome,
    raw,
    rsa_key,
    secret_verifier,
    signed,
)

INVALID, EXPIRED = Code.TOKEN_INVALID, Code.TOKEN_EXPIRED


def refusal(verifier: TokenVerifier, token: str) -> Code:
    """The code of the refusal, whose status is 401."""
    with pytest.raises(Unauthorized) as refused:
        verifier.verify(token, NOW)
    assert refused.value.status == 401
    return refused.value.code


def forged(header: object, payload: object, signature: bytes) -> str:
    return f"{encoded(header)}.{encoded(payload)}.{base64url.encode(signature)}"


def hmac_signed(header: object, payload: object, key: bytes = SECRET.encode()) -> str:
    """Signed with HMAC-SHA256, whatever the header says."""
    signing_input = f"{encoded(header)}.{encoded(payload)}"
    return f"{signing_input}.{base64url.encode(hmac.digest(key, signing_input.encode(), 'sha256'))}"


def both_kinds() -> tuple[Issuer, TokenVerifier]:
    issuer = Issuer(jwk(rsa_key(), kid="rsa"), jwk(ec_key(), kid="ec"))
    return issuer, issuer.verifier()


# The algorithm is the settings' and never the token's


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 0, [], ["HS256"], {}])
@pytest.mark.parametrize("signature", [b"", b"anything"], ids=["unsigned", "signed"])
def test_alg_none_in_any_spelling(alg: object, signature: bytes) -> None:
    token = forged({"alg": alg, "typ": "JWT"}, claims(), signature)

    assert refusal(secret_verifier(), token) == INVALID
    assert refusal(both_kinds()[1], token) == INVALID


def test_alg_none_with_the_signature_part_left_out() -> None:
    assert refusal(secret_verifier(), f"{encoded({'alg': 'none'})}.{encoded(claims())}") == INVALID


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


def test_a_weaker_hash_than_the_configured_one() -> None:
    verifier = secret_verifier(jwt_algorithms=("HS512",))

    assert refusal(verifier, hs256()) == INVALID


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


def test_no_kid_where_there_are_several_keys() -> None:
    assert refusal(both_kinds()[1], signed(claims(), rsa_key(), "RS256")) == INVALID


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


def test_the_encryption_key_of_the_issuer() -> None:
    issuer = Issuer(jwk(rsa_key(), kid="k", use="enc"))

    assert refusal(issuer.verifier(), signed(claims(), rsa_key(), "RS256", {"kid": "k"})) == INVALID


# The signature covers everything


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "claims", "signature"])
@pytest.mark.parametrize("kind", ["HS256", "RS256", "ES256"])
def test_any_part_of_another_token(kind: str, part: int) -> None:
    keys: dict[str, str | PrivateKey] = {"HS256": SECRET, "RS256": rsa_key(), "ES256": ec_key()}
    key, header = keys[kind], {"kid": kind[:2].replace("RS", "rsa").replace("ES", "ec")}
    verifier = secret_verifier() if kind == "HS256" else both_kinds()[1]
    mine = signed(claims(), key, kind, {**header, "x": 1}).split(".")
    other = signed(claims(sub="bob"), key, kind, {**header, "x": 2}).split(".")
    assert isinstance(outcome(verifier, ".".join(mine)), Identity)

    mine[part] = other[part]

    assert refusal(verifier, ".".join(mine)) == INVALID


@pytest.mark.parametrize(
    "signature", [b"", b"\x00", b"\x00" * 32, b"\x00" * 64, b"\xff" * 256], ids=len
)
@pytest.mark.parametrize(("alg", "kid"), [("HS256", None), ("RS256", "rsa"), ("ES256", "ec")])
def test_empty_and_blank_signatures(alg: str, kid: str | None, signature: bytes) -> None:
    # 64 zero bytes are the "psychic signature" that some implementations of ECDSA took.
    verifier = secret_verifier() if alg == "HS256" else both_kinds()[1]
    header = {"alg": alg} if kid is None else {"alg": alg, "kid": kid}

    assert refusal(verifier, forged(header, claims(), signature)) == INVALID


@pytest.mark.parametrize(
    "alter",
    [
        lambda token: token + "=",
        lambda token: token + "==",
        lambda token: token + ".",
        lambda token: "." + token,
        lambda token: token + ".x",
        lambda token: token.replace(".", "..", 1),
        lambda token: " " + token,
        lambda token: token + "\n",
        lambda token: token + "\x00",
        lambda token: token[:-1],
        lambda token: token.rpartition(".")[0],
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token.replace(".", "%2E"),
        lambda token: f'"{token}"',
        lambda token: f"Bearer {token}",
        lambda token: token.upper(),
        lambda token: token + "!",
        lambda token: token + "é",
        lambda token: token + "\ud800",
    ],
)
def test_a_good_token_spelt_in_another_way(alter: Callable[[str], str]) -> None:
    assert refusal(secret_verifier(), alter(hs256())) == INVALID


def test_the_stray_bits_of_base64_make_no_second_spelling() -> None:
    token = hs256()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    taken = [
        c for c in alphabet if isinstance(outcome(secret_verifier(), token[:-1] + c), Identity)
    ]

    assert taken == [token[-1]]


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
        {"crit": None},
    ],
    ids=str,
)
def test_headers_that_would_change_what_the_token_means(header: dict[str, object]) -> None:
    assert refusal(secret_verifier(), hmac_signed({"alg": "HS256"} | header, claims())) == INVALID


def test_unencoded_claims_with_b64_false() -> None:
    head = encoded({"alg": "HS256", "b64": False, "crit": ["b64"]})
    payload = json.dumps(claims()).replace(".", "")
    mac = hmac.digest(SECRET.encode(), f"{head}.{payload}".encode(), "sha256")

    assert refusal(secret_verifier(), f"{head}.{payload}.{base64url.encode(mac)}") == INVALID


def test_encrypted_tokens_and_the_json_serialization() -> None:
    jwe = ".".join([encoded({"alg": "dir", "enc": "A256GCM"}), "", "AAAA", "AAAA", "AAAA"])
    head, body, signature = hs256().split(".")
    as_json = json.dumps({"protected": head, "payload": body, "signature": signature})

    assert refusal(secret_verifier(), jwe) == INVALID
    assert refusal(secret_verifier(), as_json) == INVALID


# Nonsense


@pytest.mark.parametrize("payload", [[], "ada", 7, None, True, [claims()], {}], ids=str)
def test_well_signed_claims_that_are_no_object_or_an_empty_one(payload: object) -> None:
    assert refusal(secret_verifier(), raw(payload)) == INVALID


@pytest.mark.parametrize(
    "header", ["[]", '"HS256"', "7", "null", "", "{", '{"alg":"HS256"} x', "\xff", "[" * 3000]
)
def test_a_header_that_is_no_object(header: str) -> None:
    head = base64url.encode(header.encode("latin-1"))

    assert refusal(secret_verifier(), f"{head}.{encoded(claims())}.AAAA") == INVALID


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"\xff",
        b'{"sub":"ada","exp":NaN}',
        b'{"sub":"ada","exp":Infinity}',
        b'{"sub":"ada","exp":1e400}',
        b'{"sub":"\\ud800","exp":9999999999}',
        b'{"sub":"ada","exp":9999999999} {}',
        b'{"x":' + b"[" * 3000 + b"]" * 3000 + b"}",
        b"\xef\xbb\xbf" + json.dumps(claims()).encode(),
    ],
    ids=lambda payload: payload[:30].decode("latin-1"),
)
def test_well_signed_claims_that_are_no_json(payload: bytes) -> None:
    signing_input = f"{encoded({'alg': 'HS256'})}.{base64url.encode(payload)}"
    mac = hmac.digest(SECRET.encode(), signing_input.encode(), "sha256")

    assert refusal(secret_verifier(), f"{signing_input}.{base64url.encode(mac)}") == INVALID


def test_a_token_longer_than_any_real_one() -> None:
    assert isinstance(outcome(secret_verifier(), hs256(claims(x="x" * 5000))), Identity)

    assert refusal(secret_verifier(), hs256(claims(x="x" * 6200))) == INVALID
    assert refusal(secret_verifier(), "a" * 10_000_000) == INVALID


@pytest.mark.parametrize("token", ["", " ", ".", "..", "...", "null", "undefined", "\x00", "é.é.é"])
def test_no_token_at_all(token: str) -> None:
    assert refusal(secret_verifier(), token) == INVALID
    assert refusal(both_kinds()[1], token) == INVALID


# Claims


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": [9999999999]},
        {"exp": {"$numberLong": "9999999999"}},
        {"exp": -1},
        {"exp": -1e300},
        {"exp": 1e300},
        {"exp": 253_402_300_800},
        {"exp": 10**30},
        {"exp": NOW},
        {"nbf": NOW // 1000 + 1},
        {"nbf": "0"},
        {"nbf": False},
        {"nbf": 1e300},
        {"sub": None},
        {"sub": ""},
        {"sub": " "},
        {"sub": 7},
        {"sub": True},
        {"sub": ["ada"]},
        {"sub": {"S": "ada"}},
        {"sub": "x" * 256},
        {"sub": "ada\x00"},
        {"sub": "ada\nbob"},
        {"sub": "ada\u202ebob"},
        {"tenantId": ""},
        {"tenantId": 7},
        {"tenantId": ["acme"]},
        {"tenantId": "x" * 256},
        {"tenantId": "acme\x1b[2J"},
    ],
    ids=str,
)
def test_claims_of_the_wrong_type_or_size(changes: dict[str, object]) -> None:
    assert refusal(secret_verifier(), raw(claims(**changes))) == INVALID


def test_a_tenant_that_is_null_is_not_the_default_one() -> None:
    assert refusal(secret_verifier(), raw(claims() | {"tenantId": None})) == INVALID
    assert refusal(secret_verifier(), raw(claims() | {"nbf": None})) == INVALID


def test_an_expired_token() -> None:
    assert refusal(secret_verifier(), hs256(claims(exp=NOW // 1000 - 1))) == EXPIRED


def test_a_token_of_another_issuer_or_for_another_audience() -> None:
    verifier = secret_verifier(jwt_issuer="https://issuer.example", jwt_audience="lectern")
    good: dict[str, str | None] = {"iss": "https://issuer.example", "aud": "lectern"}
    assert isinstance(outcome(verifier, hs256(claims(**good))), Identity)

    for claim, value in [
        ("iss", "https://evil.example"),
        ("aud", "x"),
        ("iss", None),
        ("aud", None),
    ]:
        assert refusal(verifier, hs256(claims(**{**good, claim: value}))) == INVALID


def test_a_token_of_another_stack() -> None:
    other = TokenVerifier(Settings(jwt_secret="the secret of another stack, 32 ch"))

    assert refusal(other, hs256()) == INVALID


# One kind of token for another


def test_a_resume_token_is_no_jwt_and_a_jwt_no_resume_token() -> None:
    resume = ResumeTokens(SECRET)
    token = resume.issue(
        ResumeClaims(
            SessionId("golden-eagle-427"),
            Role.SPEAKER,
            "0" * 32,
            UserId("ada"),
            Millis(NOW + 1000),
        )
    )

    assert refusal(secret_verifier(), token) == INVALID
    assert refusal(secret_verifier(), token.removeprefix("r1.") + ".x.y") == INVALID
    for jwt_token in [hs256(), "r1." + hs256(), "r1." + hs256().replace(".", "")]:
        with pytest.raises(Unauthorized) as refused:
            resume.read(jwt_token, NOW)
        assert (refused.value.status, refused.value.code) == (401, INVALID)


# Nobody is silently downgraded to anonymous


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"Authorization": "Basic YWRhOnNlY3JldA=="}, {}),
        ({"Authorization": "Bearer"}, {}),
        ({"Authorization": ""}, {"token": "good"}),
        ({"Authorization": "Bearer good bad"}, {}),
        ({"Sec-WebSocket-Protocol": "lectern.v1, bearer."}, {}),
        ({}, {"token": ""}),
        ({}, {"token": "null"}),
    ],
    ids=str,
)
def test_a_malformed_token_in_any_place_is_refused_rather_than_overlooked(
    headers: dict[str, str], query: dict[str, str]
) -> None:
    good = hs256()
    token, _ = find_token(
        {name: value.replace("good", good) for name, value in headers.items()},
        {name: value.replace("good", good) for name, value in query.items()},
    )

    assert token is not None
    assert refusal(secret_verifier(), token) == INVALID
