"""A token is found where PROTOCOL 1.1 says; one that is presented is never overlooked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.identity.credentials import find_token

PROTOCOLS = "Sec-WebSocket-Protocol"


def test_a_client_without_a_token_presents_none() -> None:
    assert find_token({}, {}) == (None, None)
    assert find_token({"Host": "example.org"}, {"role": "listener"}) == (None, None)


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ({"Authorization": "Bearer a.b.c"}, {}, ("a.b.c", None)),
        ({"authorization": "bearer a.b.c"}, {}, ("a.b.c", None)),
        ({"AUTHORIZATION": "  BEARER   a.b.c "}, {}, ("a.b.c", None)),
        ({PROTOCOLS: "lectern.v1, bearer.a.b.c"}, {}, ("a.b.c", "lectern.v1")),
        ({PROTOCOLS: "bearer.a.b.c,lectern.v1"}, {}, ("a.b.c", "lectern.v1")),
        ({PROTOCOLS.lower(): "bearer.a.b.c"}, {}, ("a.b.c", None)),
        ({PROTOCOLS: "Bearer.a.b.c"}, {}, ("a.b.c", None)),
        ({}, {"token": "a.b.c"}, ("a.b.c", None)),
    ],
    ids=[
        "header",
        "header in lower case",
        "header in upper case with blanks",
        "subprotocol",
        "subprotocol in another order",
        "subprotocol alone",
        "subprotocol with a capital",
        "query",
    ],
)
def test_a_token_is_found_in_each_place(
    headers: dict[str, str], query: dict[str, str], expected: tuple[str, str | None]
) -> None:
    assert find_token(headers, query) == expected


def test_the_header_comes_before_the_subprotocol_and_that_before_the_query() -> None:
    header = {"Authorization": "Bearer in.the.header"}
    subprotocol = {PROTOCOLS: "lectern.v1, bearer.in.the.subprotocol"}
    query = {"token": "in.the.query"}

    assert find_token(header | subprotocol, query) == ("in.the.header", "lectern.v1")
    assert find_token(subprotocol, query) == ("in.the.subprotocol", "lectern.v1")


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"Authorization": ""}, {}),
        ({"Authorization": "Bearer"}, {}),
        ({"Authorization": "Bearer "}, {}),
        ({"Authorization": "Basic YWRhOnNlY3JldA=="}, {}),
        ({"Authorization": "a.b.c"}, {}),
        ({"Authorization": "Bearer a.b.c", "authorization": "Bearer d.e.f"}, {}),
        ({PROTOCOLS: "lectern.v1, bearer."}, {}),
        ({PROTOCOLS: "lectern.v1, bearer"}, {}),
        ({PROTOCOLS: "bearer.a.b.c, bearer.d.e.f"}, {}),
        ({}, {"token": ""}),
    ],
    ids=[
        "empty header",
        "scheme alone",
        "scheme and a blank",
        "another scheme",
        "no scheme",
        "two headers",
        "empty subprotocol",
        "subprotocol without a dot",
        "two in the subprotocols",
        "empty query parameter",
    ],
)
def test_a_presented_text_that_is_not_a_token_is_not_ignored(
    headers: dict[str, str], query: dict[str, str]
) -> None:
    assert find_token(headers, query)[0] == ""


@pytest.mark.parametrize("bad", ["Basic YWRhOnNlY3JldA==", "Bearer", ""])
def test_a_bad_header_is_not_made_good_by_another_place(bad: str) -> None:
    headers = {"Authorization": bad, PROTOCOLS: "lectern.v1, bearer.a.b.c"}

    assert find_token(headers, {"token": "a.b.c"}) == ("", "lectern.v1")


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        ("lectern.v1", "lectern.v1"),
        ("chat , lectern.v1", "lectern.v1"),
        ("lectern.v2", None),
        ("LECTERN.V1", None),
        ("chat", None),
        ("", None),
    ],
)
def test_the_subprotocol_is_accepted_only_if_it_was_offered(
    offered: str, answered: str | None
) -> None:
    assert find_token({PROTOCOLS: offered}, {}) == (None, answered)


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_authorization_header_counts_as_presented(authorization: str, token: str) -> None:
    assert find_token({"Authorization": authorization}, {"token": token})[0] is not None
