"""A token is found where PROTOCOL 1.1 says; one that is presented is never overlooked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.identity.credentials import find_token

PROTOCOLS = "Sec-WebSocket-Protocol"


def test_a_client_without_a_token_presents_none() -> None:
    assert find_token({}, {}) == (None, None)
    assert find_token({"Host": "example.org"}, {"role": "listener"}) == (None, None)


PLACES = {
    "header": ({"Authorization": "Bearer a.b.c"}, {}, ("a.b.c", None)),
    "header in lower case": ({"authorization": "bearer a.b.c"}, {}, ("a.b.c", None)),
    "header in upper case with blanks": (
        {"AUTHORIZATION": "  BEARER   a.b.c "},
        {},
        ("a.b.c", None),
    ),
    "subprotocol": ({PROTOCOLS: "lectern.v1, bearer.a.b.c"}, {}, ("a.b.c", "lectern.v1")),
    "subprotocol in another order": (
        {PROTOCOLS: "bearer.a.b.c,lectern.v1"},
        {},
        ("a.b.c", "lectern.v1"),
    ),
    "subprotocol alone": ({PROTOCOLS.lower(): "bearer.a.b.c"}, {}, ("a.b.c", None)),
    "subprotocol with a capital": ({PROTOCOLS: "Bearer.a.b.c"}, {}, ("a.b.c", None)),
    "query": ({}, {"token": "a.b.c"}, ("a.b.c", None)),
}


@pytest.mark.parametrize(("headers", "query", "expected"), PLACES.values(), ids=PLACES)
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


NO_TOKENS = {
    "empty header": ({"Authorization": ""}, {}),
    "scheme alone": ({"Authorization": "Bearer"}, {}),
    "scheme and a blank": ({"Authorization": "Bearer "}, {}),
    "another scheme": ({"Authorization": "Basic YWRhOnNlY3JldA=="}, {}),
    "no scheme": ({"Authorization": "a.b.c"}, {}),
    "two headers": ({"Authorization": "Bearer a.b.c", "authorization": "Bearer d.e.f"}, {}),
    "empty subprotocol": ({PROTOCOLS: "lectern.v1, bearer."}, {}),
    "subprotocol without a dot": ({PROTOCOLS: "lectern.v1, bearer"}, {}),
    "two in the subprotocols": ({PROTOCOLS: "bearer.a.b.c, bearer.d.e.f"}, {}),
    "empty query parameter": ({}, {"token": ""}),
}


@pytest.mark.parametrize(("headers", "query"), NO_TOKENS.values(), ids=NO_TOKENS)
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
