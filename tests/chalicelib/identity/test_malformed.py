"""Tokens that were altered or spelt differently, and other texts, are refused with 401."""

import hmac
import json

import pytest

from chalicelib.errors import Code
from chalicelib.identity import base64url
from chalicelib.identity.tokens import Identity, TokenVerifier
from chalicelib.settings import Settings
from tests.chalicelib.identity.issuer import (
    NOW,
    SECRET,
    PrivateKey,
    both_kinds,
    claims,
    ec_key,
    encoded,
    forged,
    hmac_signed,
    hs256,
    outcome,
    raw,
    refusal,
    rsa_key,
    secret_verifier,
    signed,
)

INVALID, EXPIRED = Code.TOKEN_INVALID, Code.TOKEN_EXPIRED


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


def spelt_otherwise(token: str) -> list[str]:
    unsigned = token.rpartition(".")[0]
    return [
        *(f"{token}{end}" for end in ("=", "==", ".", ".x", "\n", "\x00", "!", "é", "\ud800")),
        *(f".{token}", f" {token}", f'"{token}"', f"Bearer {token}"),
        *(token[:-1], unsigned, f"{unsigned}."),
        *(token.upper(), token.replace(".", "..", 1), token.replace(".", "%2E")),
    ]


@pytest.mark.parametrize("token", spelt_otherwise(hs256()), ids=ascii)
def test_a_good_token_spelt_in_another_way(token: str) -> None:
    assert isinstance(outcome(secret_verifier(), hs256()), Identity)
    assert refusal(secret_verifier(), token) == INVALID


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


WRONG_CLAIMS: dict[str, tuple[object, ...]] = {
    "exp": (
        *(None, "9999999999", True, [9999999999], {"$numberLong": "9999999999"}),
        *(-1, -1e300, 1e300, 253_402_300_800, 10**30, NOW),
    ),
    "nbf": (NOW // 1000 + 1, "0", False, 1e300),
    "sub": (
        *(None, "", " ", 7, True, ["ada"], {"S": "ada"}),
        *("x" * 256, "ada\x00", "ada\nbob", "ada\u202ebob"),
    ),
    "tenantId": ("", 7, ["acme"], "x" * 256, "acme\x1b[2J"),
}


@pytest.mark.parametrize(
    ("claim", "value"),
    [(claim, value) for claim, values in WRONG_CLAIMS.items() for value in values],
    ids=str,
)
def test_claims_of_the_wrong_type_or_size(claim: str, value: object) -> None:
    assert refusal(secret_verifier(), raw(claims(**{claim: value}))) == INVALID


def test_a_tenant_that_is_null_is_not_the_default_one() -> None:
    assert refusal(secret_verifier(), raw(claims() | {"tenantId": None})) == INVALID
    assert refusal(secret_verifier(), raw(claims() | {"nbf": None})) == INVALID


def test_a_token_of_another_stack() -> None:
    other = TokenVerifier(Settings(jwt_secret="the secret of another stack, 32 ch"))

    assert refusal(other, hs256()) == INVALID
