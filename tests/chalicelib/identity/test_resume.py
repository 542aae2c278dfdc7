"""A resume token returns its claims to the stack that issued it, until it expires."""

import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.types import Millis, Role, SessionId, UserId
from chalicelib.errors import Code, Unauthorized
from chalicelib.identity import base64url
from chalicelib.identity.keys import derive_key
from chalicelib.identity.resume import ResumeClaims, ResumeTokens

SECRET = "a secret of at least 32 characters"
NOW = Millis(1_700_000_000_000)
LATER = Millis(NOW + 7_200_000)
tokens = ResumeTokens(SECRET)


def claims(
    session_id: str = "golden-eagle-427",
    role: Role = Role.LISTENER,
    participant_id: str = "0123456789abcdef0123456789abcdef",
    user_id: str | None = None,
    expires_at: int = LATER,
) -> ResumeClaims:
    user = None if user_id is None else UserId(user_id)
    return ResumeClaims(SessionId(session_id), role, participant_id, user, Millis(expires_at))


any_claims = st.builds(
    claims,
    role=st.sampled_from(Role),
    participant_id=st.text("0123456789abcdef", min_size=32, max_size=32),
    user_id=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=255),
    expires_at=st.integers(NOW + 1, NOW + 10**12),
)


@given(any_claims)
def test_a_resume_token_returns_its_claims(given_claims: ResumeClaims) -> None:
    assert tokens.read(tokens.issue(given_claims), NOW) == given_claims


def test_it_is_short_and_fit_for_a_url() -> None:
    token = tokens.issue(claims(user_id="ada"))

    assert len(token) < 160
    assert token.replace("r1.", "").replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("late", [0, 1, 10**12])
def test_it_is_refused_from_the_millisecond_it_expires(late: int) -> None:
    token = tokens.issue(claims())
    assert tokens.read(token, Millis(LATER - 1)) == claims()

    with pytest.raises(Unauthorized) as refusal:
        tokens.read(token, Millis(LATER + late))

    assert refusal.value.code == Code.TOKEN_EXPIRED


def refused(token: str) -> bool:
    try:
        tokens.read(token, NOW)
    except Unauthorized as refusal:
        return refusal.code == Code.TOKEN_INVALID
    return False


@given(any_claims, st.data())
def test_changing_any_character_makes_it_invalid(
    given_claims: ResumeClaims, data: st.DataObject
) -> None:
    token = tokens.issue(given_claims)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda c: c != token[at]))

    assert refused(token[:at] + other + token[at + 1 :])


@given(any_claims, st.data())
def test_cutting_or_lengthening_it_makes_it_invalid(
    given_claims: ResumeClaims, data: st.DataObject
) -> None:
    token = tokens.issue(given_claims)

    assert refused(token[: data.draw(st.integers(0, len(token) - 1))])
    assert refused(token + data.draw(st.text(min_size=1)))


@given(st.text(st.characters()))
def test_any_text_is_refused_and_none_raises_anything_else(text: str) -> None:
    assert refused(text)
    assert refused(f"r1.{text}")


@pytest.mark.parametrize("secret", ["another secret of 32 characters!", SECRET + " "])
def test_one_of_another_stack_is_refused(secret: str) -> None:
    assert refused(ResumeTokens(secret).issue(claims()))


def test_one_that_is_too_long_is_refused_unread() -> None:
    assert refused(tokens.issue(claims(participant_id="0" * 2000)))


def _signed(payload: bytes, key: bytes, prefix: bytes = b"r1.") -> str:
    mac = hmac.digest(key, prefix + payload, "sha256")
    return prefix.decode() + base64url.encode(mac + payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode(["golden-eagle-427", "operator", "0" * 32, None, LATER]),
        msgspec.msgpack.encode(["golden-eagle-427", "listener", "0" * 32, None, "never"]),
        msgspec.msgpack.encode(["golden-eagle-427", "listener", "0" * 32, None]),
        msgspec.msgpack.encode({"session_id": "golden-eagle-427"}),
    ],
    ids=["empty", "no MessagePack", "another role", "another type", "too few", "a map"],
)
def test_claims_of_another_shape_are_refused_though_well_signed(payload: bytes) -> None:
    assert refused(_signed(payload, derive_key(SECRET, "resume")))


def test_a_key_of_another_purpose_signs_nothing() -> None:
    payload = msgspec.msgpack.encode(["golden-eagle-427", "listener", "0" * 32, None, LATER])
    assert not refused(_signed(payload, derive_key(SECRET, "resume")))

    assert refused(_signed(payload, derive_key(SECRET, "address")))
    assert refused(_signed(payload, SECRET.encode()))


def test_the_version_is_signed_with_the_rest() -> None:
    payload = msgspec.msgpack.encode(["golden-eagle-427", "listener", "0" * 32, None, LATER])
    other_version = _signed(payload, derive_key(SECRET, "resume"), b"r2.")

    assert refused(other_version)
    assert refused(other_version.replace("r2.", "r1."))
