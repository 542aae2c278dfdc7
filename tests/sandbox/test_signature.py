"""Signatures are verified: any change to a signed request is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from sandbox.http.signature import Credentials, SignatureError, SignedRequest, verify

OURS = Credentials("AKIDTESTTESTTESTTEST", "test-secret-access-key")


def _signed(
    method: str = "POST",
    path: str = "/local/%40connections/abc%3D",
    query: str = "",
    body: bytes = b"hello",
) -> SignedRequest:
    url = f"http://127.0.0.1:8001{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, data=body)
    request.headers["Host"] = "127.0.0.1:8001"
    keys = BotoCredentials(OURS.access_key_id, OURS.secret_access_key)
    SigV4Auth(keys, "execute-api", "us-east-1").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return SignedRequest(method, path, query, headers, body)


@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    segment=st.text("abcXYZ019-_.~=@+!*'()", min_size=1, max_size=20),
    body=st.binary(max_size=200),
)
def test_a_request_signed_by_botocore_is_accepted(method: str, segment: str, body: bytes) -> None:
    verify(_signed(method, f"/local/{segment}x", body=body), OURS, "execute-api")


@pytest.mark.parametrize(
    "change",
    [
        {"method": "DELETE"},
        {"path": "/local/%40connections/abd%3D"},
        {"query": "a=b"},
        {"body": b"hellO"},
    ],
)
def test_any_change_is_refused(change: dict[str, str | bytes]) -> None:
    with pytest.raises(SignatureError):
        verify(replace(_signed(), **change), OURS, "execute-api")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("authorization", ""),
        ("authorization", "Bearer abc"),
        ("authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=x"),
        ("authorization", "AWS4-HMAC-SHA256 Credential, SignedHeaders, Signature"),
        ("host", "elsewhere"),
        ("x-amz-date", "yesterday"),
        ("x-amz-date", "20200101T000000Z"),
        ("x-amz-content-sha256", "0" * 64),
    ],
)
def test_any_changed_header_is_refused(header: str, value: str) -> None:
    request = _signed()

    with pytest.raises(SignatureError):
        verify(replace(request, headers={**request.headers, header: value}), OURS, "execute-api")


def test_a_signature_for_another_service_is_refused() -> None:
    with pytest.raises(SignatureError, match="scoped"):
        verify(_signed(), OURS, "dynamodb")


def test_the_parts_of_a_signature_may_be_in_any_order() -> None:
    request = _signed()
    algorithm, _, parts = request.headers["authorization"].partition(" ")
    turned = ", ".join(reversed(parts.split(", ")))

    headers = {**request.headers, "authorization": f"{algorithm} {turned}"}
    verify(replace(request, headers=headers), OURS, "execute-api")


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_is_valid_for_five_minutes(minutes: int) -> None:
    request = _signed()
    then = datetime.now(UTC) + timedelta(minutes=minutes)

    with (
        mock.patch("time.time", return_value=then.timestamp()),
        pytest.raises(SignatureError, match="expired"),
    ):
        verify(request, OURS, "execute-api")
