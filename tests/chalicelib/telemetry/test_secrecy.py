"""Telemetry never emits a token, address, payload or connection id."""

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.types import Millis, Role, SessionId, UserId
from chalicelib.identity.hashing import Hasher
from chalicelib.identity.resume import ResumeClaims, ResumeTokens
from chalicelib.telemetry import Telemetry
from tests.chalicelib.telemetry.captured import NOW, Captured

SECRET = "a secret of at least 32 characters"


def _jwt(subject: str, signature: bytes) -> str:
    token = jwt.encode({"sub": subject, "exp": 1}, SECRET, "HS256")
    made_up = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    return f"{token.rpartition('.')[0]}.{made_up}"


def _resume_token(participant: int) -> str:
    return ResumeTokens(SECRET).issue(
        ResumeClaims(
            SessionId("golden-eagle-427"),
            Role.LISTENER,
            f"{participant:032x}",
            UserId("ada"),
            Millis(NOW),
        )
    )


jwts = st.builds(_jwt, st.text("abc", min_size=1), st.binary(min_size=32, max_size=64))
resume_tokens = st.builds(_resume_token, st.integers(0, 2**128 - 1))
# API Gateway's own: 15 characters and "=".
connection_ids = st.binary(min_size=11, max_size=11).map(
    lambda raw: base64.urlsafe_b64encode(raw).decode()
)
addresses = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda address: address.exploded),
    st.ip_addresses(v=4).map("::ffff:{}".format),
)
sensitive = st.one_of(jwts, resume_tokens, connection_ids, addresses)
# Text that nothing harmless in a line could hold by chance.
payloads = st.text(st.characters(categories=["L", "N", "P"]), min_size=8, max_size=60).map(
    lambda text: f"payload<{text}>"
)
sentences = st.sampled_from(
    ["{}", "could not post to {}.", "<{}>", "from={}, again", "a {}: refused", "{} {}", "x\n{}\t"]
)
names = st.sampled_from(["note", "reason", "detail_text", "url", "why"])
hidden_names = st.sampled_from(
    """
    token resume_token Authorization body data payload message headers query params result
    source_ip ip remote_address user_agent jwt_secret queryStringParameters
    """.split()  # noqa: SIM905 - a list would take a line a name
)


def _written(lines: list[str]) -> str:
    # Each is one line and one object, and a value is looked for as JSON reads it, not only as
    # it is written.
    documents = [json.loads(line) for line in lines]
    assert all(isinstance(document, dict) for document in documents)
    assert all("\n" not in line for line in lines)
    return "\n".join([*lines, *(json.dumps(d, ensure_ascii=False) for d in documents)])


def _log_everywhere(telemetry: Telemetry, name: str, text: str) -> None:
    fields: dict[str, Any] = {name: text, "nested": {"list": [text, {text: text}]}}
    telemetry.info(text, **fields)
    telemetry.warning("w", ValueError(text), **{name: (text,)})
    try:
        raise KeyError(text)
    except KeyError as error:
        telemetry.error("e", error)
    telemetry.metric("RateLimited", 1, dimensions={"Operation": text}, **fields)


@given(sensitive, sentences, names)
def test_tokens_addresses_and_connection_ids_are_hidden_in_any_text(
    value: str, sentence: str, name: str
) -> None:
    captured = Captured()

    _log_everywhere(captured.telemetry, name, sentence.replace("{}", value))

    assert value not in _written(captured.lines)


@given(payloads, hidden_names, names)
def test_fields_with_sensitive_names_are_hidden_whatever_their_value(
    payload: str, hidden: str, name: str
) -> None:
    captured = Captured()
    fields: dict[str, Any] = {hidden: payload}

    captured.telemetry.info("x", **fields)
    captured.telemetry.info("x", **{name: {"deeper": [fields]}})
    captured.telemetry.error("x", ValueError(f"cannot read {payload!r}"), **fields)
    captured.telemetry.error("x", KeyError(payload))
    captured.telemetry.metric("CountDrift", 1, **fields)

    assert "payload<" not in _written(captured.lines)


@given(connection_ids, sentences, names)
def test_the_connection_of_an_invocation_is_only_ever_seen_hashed(
    connection_id: str, sentence: str, name: str
) -> None:
    lines: list[str] = []
    telemetry = Telemetry(Hasher(SECRET), lambda: NOW, lines.append)

    with telemetry.invocation("message", "c", connection_id, **{name: connection_id}):
        _log_everywhere(telemetry, name, sentence.replace("{}", connection_id))
        telemetry.info("x", connection_id=connection_id, ids=[connection_id])

    assert connection_id not in _written(lines)
    assert Hasher(SECRET).connection(connection_id) in _written(lines)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc",
        "authorization=Basic abc",
        "Bearer abc",
        "bearer.abc",
        "?role=speaker&token=abc&x=1",
        '{"resumeToken": "abc"}',
        "JWT_SECRET=abc",
        "https://x.example/dev/@connections/abc",
        "AbC3" * 12,
    ],
)
def test_values_named_token_and_long_random_texts_are_hidden(captured: Captured, text: str) -> None:
    captured.telemetry.info("x", note=text)

    assert "abc" not in captured.document["note"].lower()


@pytest.mark.parametrize(
    "text",
    [
        "golden-eagle-427",
        "the token is not valid",
        "key_identifier, they, eyes and new rooms",
        "6f1c6a52-7c1e-4b3a-9a51-0f5a3b8f2c11",
        "0123456789abcdef0123456789abcdef",
        "https://sqs.us-east-1.amazonaws.com/123456789012/lectern-dev-jobs",
        "arn:aws:dynamodb:us-east-1:123456789012:table/lectern-dev-connections",
        "chalicelib.actions.delivery.deliver",
        "a=1 count=42",
        "12:30",
        "1.5 s, version 2.0.1",
    ],
)
def test_ordinary_words_and_names_are_left_alone(captured: Captured, text: str) -> None:
    captured.telemetry.info("x", note=text)

    assert captured.document["note"] == text


def test_objects_and_bytes_are_named_by_their_type_alone(captured: Captured) -> None:
    captured.telemetry.info("x", raw=b"abc", error=ValueError("abc"), thing=object())

    line = captured.document
    assert (line["raw"], line["error"], line["thing"]) == ("<bytes>", "<ValueError>", "<object>")


def test_a_megabyte_of_anything_is_scanned_quickly(captured: Captured) -> None:
    # Each is the worst case of one pattern; were one quadratic, the test's time limit would tell.
    for piece in ["a", "ey", "1.", "a:", "eyJ.", "Aa0", "a=", "token ", "'", "\\'"]:
        captured.telemetry.error("x", ValueError(piece * 500_000), note=piece * 500_000)

    assert all(len(line) < 10_000 for line in captured.lines)
