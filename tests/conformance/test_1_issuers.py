"""PROTOCOL 1.1 and 1.3: `iss` and `aud` where they are configured, on a stack that has both."""

from collections.abc import Callable

import jwt
import pytest

from tests.conformance.conftest import AUDIENCE, ISSUER, SECRET
from tests.conformance.stack import Stack

Sign = Callable[..., str]


@pytest.fixture
async def signed(configured: Stack) -> Sign:
    """Make tokens with the stack's secret and clock; a claim that is None is left out."""
    soon = await configured.advance(0) // 1000 + 600

    def sign(**claims: object) -> str:
        every = {"sub": "ana", "exp": soon, "iss": ISSUER, "aud": AUDIENCE} | claims
        given = {name: value for name, value in every.items() if value is not None}
        return jwt.encode(given, SECRET, algorithm="HS256")

    return sign


@pytest.mark.parametrize("role", ["speaker", "listener"])
@pytest.mark.parametrize("audience", [AUDIENCE, ["somebody", AUDIENCE]])
async def test_a_token_of_the_issuer_for_the_audience_is_accepted(
    configured: Stack, signed: Sign, role: str, audience: object
) -> None:
    client = await configured.connect(signed(aud=audience), role=role)
    await client.done("heartbeat")


@pytest.mark.parametrize("role", ["speaker", "listener"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://issuer.example"},
        {"iss": "https://elsewhere.example/"},
        {"iss": None},
        {"aud": "somebody"},
        {"aud": ["somebody", "else"]},
        {"aud": []},
        {"aud": None},
    ],
    ids=str,
)
async def test_another_issuers_or_for_another_audience_is_refused_with_401(
    configured: Stack, signed: Sign, role: str, wrong: dict[str, object]
) -> None:
    assert (await configured.refusal(signed(**wrong), role=role)).status == 401


@pytest.mark.parametrize("wrong", [{"iss": "https://elsewhere.example/"}, {"aud": "somebody"}])
async def test_nor_does_it_authenticate(
    configured: Stack, signed: Sign, wrong: dict[str, object]
) -> None:
    client = await configured.connect(signed(), role="speaker")
    await client.refused("authenticate", "TOKEN_INVALID", token=signed(**wrong))
    await client.done("authenticate", token=signed())
