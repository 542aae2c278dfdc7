"""SigV4 against AWS's published test vectors, and against botocore on whatever hypothesis finds."""

import datetime
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.aws.credentials import Credentials
from chalicelib.aws.http.signed import Target, request
from chalicelib.aws.http.sigv4 import Signer, canonical_path, canonical_query, hashed

EXAMPLE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
THEN = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.UTC).timestamp()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

# name, method, path, query, fields, body, signature: from aws-sig-v4-test-suite (the .authz files)
VECTORS = [
    ("get-vanilla", "GET", "/", "", {}, b"",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", {}, b"",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ("get-vanilla-query-unreserved", "GET", "/",
     "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
     "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", {}, b"",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
    ("get-vanilla-utf8-query", "GET", "/", "%E1%88%B4=bar", {}, b"",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    ("get-utf8", "GET", "/%E1%88%B4", "", {}, b"",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    ("get-space", "GET", "/example%20space/", "", {}, b"",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    ("get-header-value-trim", "GET", "/", "",
     {"My-Header1": " value1", "My-Header2": ' "a   b   c"'}, b"",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    ("post-vanilla", "POST", "/", "", {}, b"",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ("post-header-key-sort", "POST", "/", "", {"My-Header1": "value1"}, b"",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    ("post-header-value-case", "POST", "/", "", {"My-Header1": "VALUE1"}, b"",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    ("post-x-www-form-urlencoded", "POST", "/", "", FORM, b"Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "query", "fields", "body", "signature"),
    [vector[1:] for vector in VECTORS],
    ids=[vector[0] for vector in VECTORS],
)
def test_the_published_vectors(
    method: str, path: str, query: str, fields: dict[str, str], body: bytes, signature: str
) -> None:
    signer = Signer("service", "us-east-1", lambda: EXAMPLE, lambda: THEN)
    signing = signer.prepare({"Host": "example.amazonaws.com", **fields})
    value = signing.authorization(method, path, canonical_query(query), hashed(body))
    names = ";".join(sorted([*(each.lower() for each in fields), "host", "x-amz-date"]))
    assert value == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


def test_the_published_vector_with_a_session_token() -> None:
    """post-sts-header-before: the token is one of the signed headers."""
    token = (
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfp"
        "SPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQ"
        "DYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+s"
        "cqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
    )
    signer = Signer("service", "us-east-1", lambda: replace(EXAMPLE, token=token), lambda: THEN)
    value = signer.prepare({"Host": "example.amazonaws.com"}).authorization(
        "POST", "/", "", hashed(b"")
    )
    assert value.endswith(
        "SignedHeaders=host;x-amz-date;x-amz-security-token, "
        "Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
    )


_printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
_words = st.lists(_printable, min_size=1, max_size=3).map("  ".join)


@given(
    credentials=st.builds(Credentials, _printable, _printable, st.just("") | _printable),
    place=st.tuples(st.sampled_from(["dynamodb", "execute-api"]), st.sampled_from(["eu-west-1"])),
    then=st.integers(1_500_000_000, 2_500_000_000),
    # Not `.` and `..`: botocore takes them for steps in the path. API Gateway gives no such id.
    connection_id=st.text(min_size=1, max_size=30).filter(lambda text: text not in (".", "..")),
    fields=st.dictionaries(st.sampled_from(["x-amz-target", "content-type", "x-a"]), _words),
    body=st.binary(max_size=200),
)
@example(EXAMPLE, ("dynamodb", "eu-west-1"), 1_700_000_000, "L0SM9cOFvHcCIhw=", {}, b"{}")
def test_requests_are_signed_as_botocore_signs_them(
    credentials: Credentials,
    place: tuple[str, str],
    then: int,
    connection_id: str,
    fields: dict[str, str],
    body: bytes,
) -> None:
    signer = Signer(*place, lambda: credentials, lambda: then)
    path = f"/stage/@connections/{quote(connection_id, safe='')}"
    signing = signer.prepare({"host": "h.example:8001", **fields})
    ours = request(signing, "POST", Target(path, canonical_path(path)), hashed(body), body)
    head = ours.partition(b"\r\n\r\n")[0].decode()
    sent = dict(line.split(": ", 1) for line in head.splitlines()[1:])

    theirs = AWSRequest("POST", f"http://h.example:8001{path}", headers=fields, data=body)
    theirs.headers["X-Amz-Date"] = sent["x-amz-date"]
    if credentials.token:
        theirs.headers["X-Amz-Security-Token"] = credentials.token
    theirs.context["timestamp"] = sent["x-amz-date"]
    boto = SigV4Auth(
        BotoCredentials(credentials.access_key, credentials.secret_key, credentials.token), *place
    )
    signature = boto.signature(boto.string_to_sign(theirs, boto.canonical_request(theirs)), theirs)

    assert sent["authorization"].endswith(f"Signature={signature}")
    assert f"Credential={boto.scope(theirs)}," in sent["authorization"]


def test_the_key_follows_the_day_and_the_credentials() -> None:
    """It is kept, but never beyond what it was made for."""
    now, who = [THEN], [EXAMPLE]
    signer = Signer("service", "us-east-1", lambda: who[0], lambda: now[0])

    def signature() -> str:
        return signer.prepare({"host": "h"}).authorization("GET", "/", "", hashed(b""))

    first = signature()
    assert signature() == first
    now[0] += 86_400
    assert signature() != first
    now[0] = THEN
    who[0] = replace(EXAMPLE, secret_key="another")
    assert signature() != first
    who[0] = EXAMPLE
    assert signature() == first


def test_a_clock_that_is_off_is_corrected_and_a_small_difference_ignored() -> None:
    signer = Signer("service", "us-east-1", lambda: EXAMPLE, lambda: THEN)
    signer.correct_clock(THEN + 239)
    assert signer.now() == THEN
    signer.correct_clock(THEN + 3600)
    assert signer.now() == THEN + 3600
    assert signer.prepare({"host": "h"}).headers.count("20150830T133600Z") == 1


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(Credentials("AKID", "the-secret", "secret-token"))
