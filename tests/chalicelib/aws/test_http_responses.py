"""HTTP/1.1 responses: complete ones are read exactly, anything else is Malformed."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.aws.http.responses import (
    MAX_HEAD_BYTES,
    HttpResponse,
    Malformed,
    ResponseReader,
    whole_response,
)

MOST = 10_000
_LARGE_CHUNK = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
Outcome = HttpResponse | type[Malformed] | None


def _read(data: bytes, *cuts: int, closed: bool = False) -> Outcome:
    """Return the result of a reader that receives `data` in pieces."""
    reader = ResponseReader(MOST)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    try:
        for start, end in pairwise(edges):
            answer = reader.feed(data[start:end])
            if answer is not None:
                return answer
        return reader.end() if closed else None
    except Malformed:
        return Malformed


def _chunked(pieces: list[bytes], extension: bytes, trailer: bytes) -> bytes:
    chunks = b"".join(b"%X%s\r\n%s\r\n" % (len(each), extension, each) for each in pieces)
    return b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailer + b"\r\n"


_bodies = st.binary(max_size=300)
_cuts = st.lists(st.integers(0, 10_000), max_size=8)
_framings = st.one_of(
    _bodies.map(lambda body: (body, b"Content-Length: %d\r\n\r\n%s" % (len(body), body))),
    st.builds(
        lambda pieces, extension, trailer: (b"".join(pieces), _chunked(pieces, extension, trailer)),
        st.lists(st.binary(min_size=1, max_size=40), max_size=6),
        st.sampled_from([b"", b";a=b", b" ; x"]),
        st.sampled_from([b"", b"Expires: never\r\n"]),
    ),
)
_interim = st.sampled_from(
    [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\na: b\r\n\r\n"]
)
_statuses = st.sampled_from([200, 400, 410, 429, 500])


@given(framing=_framings, status=_statuses, interim=_interim, cuts=_cuts)
def test_a_complete_response_is_read_exactly_however_it_is_split(
    framing: tuple[bytes, bytes], status: int, interim: bytes, cuts: list[int]
) -> None:
    body, rest = framing
    answer = _read(interim + b"HTTP/1.1 %d X\r\nDate: Now\r\n%s" % (status, rest), *cuts)
    assert isinstance(answer, HttpResponse)
    assert (answer.status, answer.body, answer.reusable) == (status, body, True)
    assert answer.field("date") == "now"
    assert answer.field("etag") == ""


@given(framing=_framings, status=_statuses, cuts=_cuts, kept=st.integers(0, 10_000))
def test_a_truncated_response_is_never_complete(
    framing: tuple[bytes, bytes], status: int, cuts: list[int], kept: int
) -> None:
    whole = b"HTTP/1.1 %d X\r\n%s" % (status, framing[1])
    part = whole[: kept % len(whole)]
    assert _read(part, *cuts) is None
    assert _read(part, *cuts, closed=True) is Malformed


_fragments = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 100 C\r\n\r\n", b"\r\n", b"\r\n\r\n", b"\n",
     b"Content-Length:", b" 5", b"-1", b"99999999999999999999", b"Transfer-Encoding: chunked",
     b"5\r\nhello\r\n", b"0\r\n\r\n", b"hello", b";", b"Connection: close", b"\x00"]
)  # fmt: skip
_anything = st.binary(max_size=400) | st.lists(_fragments, max_size=12).map(b"".join)


@given(data=_anything, cuts=_cuts)
@example(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n", [])
@example(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1_0\r\n", [])
@example(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n", [])
@example(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n", [])
def test_the_result_never_depends_on_how_the_bytes_are_split(data: bytes, cuts: list[int]) -> None:
    assert _read(data, *cuts) == _read(data)
    assert _read(data, *cuts, closed=True) == _read(data, closed=True)


@given(data=_anything)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
@example(b"HTTP/1.1 204 OK\r\nContent-Length: 2\r\n\r\n{}")
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}")
def test_the_fast_path_agrees_with_the_reader(data: bytes) -> None:
    try:
        short = whole_response(data, MOST)
    except Malformed:
        assert _read(data) is Malformed
    else:
        assert short is None or short == _read(data)


@given(framing=_framings, status=_statuses)
def test_the_fast_path_agrees_with_the_reader_on_good_responses(
    framing: tuple[bytes, bytes], status: int
) -> None:
    data = b"HTTP/1.1 %d X\r\n%s" % (status, framing[1])
    short = whole_response(data, MOST)
    assert short == (_read(data) if b"Content-Length" in data else None)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 600 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    ],
)
def test_anything_but_http_is_malformed(data: bytes) -> None:
    assert _read(data) is Malformed


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n" + b"x" * MAX_HEAD_BYTES,
        b"HTTP/1.1 200 OK\r\nx: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 2000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + _LARGE_CHUNK * 3,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"x" * 2000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 10_000,
    ],
    ids=lambda data: bytes(data[-20:]).hex(),
)
def test_a_response_that_is_too_large_is_malformed(data: bytes) -> None:
    """Memory stays limited, whatever a peer sends."""
    assert _read(data, *range(0, len(data), 997)) is Malformed


def test_a_body_may_last_until_the_connection_closes() -> None:
    answer = _read(b"HTTP/1.0 200 OK\r\n\r\nhello", closed=True)
    assert isinstance(answer, HttpResponse)
    assert (answer.body, answer.reusable) == (b"hello", False)


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(status: int) -> None:
    answer = _read(b"HTTP/1.1 %d X\r\n\r\n" % status)
    assert isinstance(answer, HttpResponse)
    assert (answer.body, answer.reusable) == (b"", True)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n",
    ],
    ids=["close", "1.0", "more than was asked for"],
)
def test_a_connection_is_not_reused_after_these_responses(data: bytes) -> None:
    answer = _read(data)
    assert isinstance(answer, HttpResponse)
    assert not answer.reusable
