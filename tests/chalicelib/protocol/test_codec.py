"""Any input of a client is a request, or a refusal that says what to correct."""

import json
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import BadRequest, ClientError, PayloadTooLarge
from chalicelib.protocol.codec import decode_handshake, decode_request, open_envelope
from chalicelib.protocol.requests import ACTIONS, Broadcast, Request
from tools.protocol_examples import REQUESTS

whatever = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(body: bytes) -> Request:
    return decode_request(open_envelope(body), body)


def status_of(decode: Callable[[], Request]) -> int | None:
    """Return the status of a refusal, None if there is none."""
    try:
        decode()
    except ClientError as refused:
        return refused.status
    return None


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"", "INVALID_JSON", None),
        (b"{", "INVALID_JSON", None),
        (b'{"action":"heartbeat","id":"\xff"}', "INVALID_JSON", None),
        (b'{"action":"publish","topic":"a","data":"\xed\xa0\x80"}', "INVALID_JSON", None),
        (b'{"action":"broadcast","data":' + b"[" * 20_000 + b"]" * 20_000 + b"}", None, None),
        (b"[]", "INVALID_MESSAGE", ""),
        (rb'{"action":"publish","topic":"a","data":"\ud83d"}', "INVALID_MESSAGE", "data"),
        (b'{"action":"setVolume","volume":1e400}', "INVALID_MESSAGE", "volume"),
        (b'{"action":"setVolume","volume":NaN}', "INVALID_JSON", None),
        (b"[", "INVALID_JSON", None),
        (b'["heartbeat"}', "INVALID_JSON", None),
        (b"[" * 20_000, "INVALID_JSON", None),
        (b'"heartbeat"', "INVALID_MESSAGE", ""),
        (b"{}", "INVALID_MESSAGE", "action"),
        (b'{"action":7}', "INVALID_MESSAGE", "action"),
        (b'{"action":"dance"}', "UNKNOWN_ACTION", "action"),
        (b'{"action":"broadcast"}', "INVALID_MESSAGE", "data"),
        (b'{"action":"heartbeat","wantSeq":1}', "INVALID_MESSAGE", "wantSeq"),
        (b'{"action":"subscribe","topic":"a b"}', "INVALID_MESSAGE", "topic"),
        (b'{"action":"subscribe","topic":"a\\n"}', "INVALID_MESSAGE", "topic"),
        (b'{"action":"recover","lastSeq":{"*":-1}}', "INVALID_MESSAGE", "lastSeq"),
        (b'{"action":"recover","lastSeq":{"Spanish":1}}', "INVALID_MESSAGE", None),
        (b'{"action":"setVolume","volume":2}', "INVALID_MESSAGE", "volume"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, code: str | None, field: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        read(body)

    if code is not None:
        assert refused.value.code == code
    if field is not None:
        assert [name for name, _ in refused.value.details] == [field]


def test_every_field_that_is_wrong_is_named() -> None:
    """PROTOCOL 2: `details` is a list."""
    frame = b'{"action":"joinSession","id":"7","lastSeq":[],"sessionId":"x","resumeToken":null}'
    with pytest.raises(BadRequest) as of_frame:
        read(frame)
    with pytest.raises(BadRequest) as of_url:
        decode_handshake("refreshConnection", {"sessionId": "x", "role": "guest"})

    details = of_frame.value.details
    assert [name for name, _ in details] == ["sessionId", "targetLanguage", "lastSeq"]
    assert details[1] == ("targetLanguage", "is required")
    assert of_frame.value.message == ": ".join(details[0])
    assert [name for name, _ in of_url.value.details] == ["sessionId", "role"]


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_null_in_an_optional_field_counts_as_absent(action: str) -> None:
    fields = msgspec.structs.fields(ACTIONS[action])
    optional = {each.encode_name: None for each in fields if not each.required}
    given = {"action": action, **REQUESTS[action]}
    without = {name: value for name, value in given.items() if name not in optional}

    assert read(json.dumps(without | optional).encode()) == read(json.dumps(without).encode())


@pytest.mark.parametrize(
    ("action", "field"),
    [
        (action, each.encode_name)
        for action, struct in sorted(ACTIONS.items())
        for each in msgspec.structs.fields(struct)
        if each.required and each.type is not msgspec.Raw
    ],
)
def test_null_in_a_required_field_is_refused(action: str, field: str) -> None:
    given = {"action": action, "id": None, **REQUESTS[action], field: None}

    with pytest.raises(BadRequest) as refused:
        read(json.dumps(given).encode())

    assert [name for name, _ in refused.value.details] == [field]


def test_a_payload_is_passed_on_unchanged_beside_nulls() -> None:
    request = read(b'{"action":"broadcast","id":null,"data": {"a" : 1.50e0, "b":null} }')

    assert request == Broadcast(data=msgspec.Raw(b'{"a" : 1.50e0, "b":null}'))


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_each_action_has_its_maximum_message_size(action: str) -> None:
    most = ACTIONS[action].max_bytes
    body = json.dumps({"action": action, "ignored": ""}).encode()
    padded = body.replace(b'""', b'"' + b"x" * (most - len(body)) + b'"')

    with pytest.raises(PayloadTooLarge):
        read(padded + b" ")
    assert status_of(lambda: read(padded)) in (None, 400)


@whatever
@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_a_refusal(body: bytes) -> None:
    assert status_of(lambda: read(body)) in (None, 400, 413)


@whatever
@given(st.sampled_from(["createSession", "joinSession", "dance"]), st.text(max_size=50))
def test_any_parameters_of_a_url_are_a_request_or_a_refusal(action: str, text: str) -> None:
    parameters = {"sessionId": text, "targetLanguage": "es", "sourceLanguage": "en"}
    parameters["lastSeq"] = text
    assert status_of(lambda: decode_handshake(action, parameters)) in (None, 400)


def test_null_for_last_seq_in_a_url_counts_as_absent() -> None:
    parameters = {"sessionId": "golden-eagle-427", "targetLanguage": "es"}

    same = decode_handshake("joinSession", parameters)
    assert decode_handshake("joinSession", parameters | {"lastSeq": "null"}) == same


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"targetLanguage": "es"}, "sessionId"),
        ({"sessionId": "golden-eagle-427", "targetLanguage": "Spanish"}, "targetLanguage"),
        ({"sessionId": "golden-eagle-427", "targetLanguage": "es", "lastSeq": "{"}, "lastSeq"),
        ({"sessionId": "golden-eagle-427", "targetLanguage": "es", "lastSeq": "7"}, "lastSeq"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(parameters: dict[str, str], field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        decode_handshake("joinSession", parameters)

    assert [name for name, _ in refused.value.details] == [field]


LAST_SEQ = b'{"action":"recover","lastSeq":{"*":1,"%s":2}}'


@pytest.mark.parametrize("language", ["es", "yue", "pt-BR", "es-419", "zh-Hant-TW", "sr-Latn-001"])
def test_a_language_is_a_tag_with_a_script_and_a_region(language: str) -> None:
    decode_handshake("createSession", {"sourceLanguage": language})
    read(LAST_SEQ % language.encode())


@pytest.mark.parametrize("language", ["", "e", "ES", "es-41", "es-4190", "es-419-MX", "es-419\n"])
def test_what_is_no_such_tag_is_refused(language: str) -> None:
    with pytest.raises(BadRequest):
        decode_handshake("createSession", {"sourceLanguage": language})
    with pytest.raises(BadRequest):
        read(LAST_SEQ % language.replace("\n", "\\n").encode())
