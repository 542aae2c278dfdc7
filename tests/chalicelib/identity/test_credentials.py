"""A token is found where PROTOCOL 1.1 says; one that is presented is never overlooked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import BadRequest
from chalicelib.identity import credentials

PROTOCOLS = "Sec-WebSocket-Protocol"


def find_token(headers: dict[str, str], query: dict[str, str]) -> tuple[str | None, str | None]:
    """Find the token among headers of one line each."""
    lines = {name: [line] for name, line in headers.items()}
    return credentials.find_token(lines, query), credentials.find_subprotocol(lines)


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


NO_TOKENS = {
    "empty header": ({"Authorization": ""}, {}),
    "scheme alone": ({"Authorization": "Bearer"}, {}),
    "scheme and a blank": ({"Authorization": "Bearer "}, {}),
    "another scheme": ({"Authorization": "Basic YWRhOnNlY3JldA=="}, {}),
    "no scheme": ({"Authorization": "a.b.c"}, {}),
    "empty subprotocol": ({PROTOCOLS: "lectern.v1, bearer."}, {}),
    "subprotocol without a dot": ({PROTOCOLS: "lectern.v1, bearer"}, {}),
    "empty query parameter": ({}, {"token": ""}),
}


@pytest.mark.parametrize(("headers", "query"), NO_TOKENS.values(), ids=NO_TOKENS)
def test_a_presented_text_that_is_not_a_token_is_not_ignored(
    headers: dict[str, str], query: dict[str, str]
) -> None:
    assert find_token(headers, query)[0] == ""


MORE_THAN_ONE = {
    "header and subprotocol": ({"Authorization": ["Bearer a"], PROTOCOLS: ["bearer.b"]}, {}),
    "header and query": ({"Authorization": ["Bearer a"]}, {"token": "b"}),
    "subprotocol and query": ({PROTOCOLS: ["lectern.v1, bearer.a"]}, {"token": "b"}),
    "the same twice": ({"Authorization": ["Bearer a"]}, {"token": "a"}),
    "two headers": ({"Authorization": ["Bearer a"], "authorization": ["Bearer b"]}, {}),
    "two lines of the header": ({"Authorization": ["Bearer a", "Bearer b"]}, {}),
    "two lines of the header as one": ({"Authorization": ["Bearer a, Bearer b"]}, {}),
    "two in the subprotocols": ({PROTOCOLS: ["bearer.a, bearer.b"]}, {}),
    "two lines of subprotocols": ({PROTOCOLS: ["lectern.v1, bearer.a", "bearer.b"]}, {}),
    "other credentials and a token": ({"Authorization": ["Basic YQ=="]}, {"token": "a"}),
    "an empty header and a token": ({"Authorization": [""], PROTOCOLS: ["bearer.a"]}, {}),
    "an empty token and a token": ({PROTOCOLS: ["bearer., bearer.a"]}, {}),
}


@pytest.mark.parametrize(("headers", "query"), MORE_THAN_ONE.values(), ids=MORE_THAN_ONE)
def test_more_than_one_token_is_refused(
    headers: dict[str, list[str]], query: dict[str, str]
) -> None:
    with pytest.raises(BadRequest) as refused:
        credentials.find_token(headers, query)

    assert [field for field, _ in refused.value.details] == ["token"]


def test_the_lines_of_a_header_are_one_list() -> None:
    lines = {PROTOCOLS: ["chat, lectern.v1", "bearer.a.b.c"]}
    assert credentials.find_token(lines, {}) == "a.b.c"
    assert credentials.find_subprotocol(lines) == "lectern.v1"

    lines = {PROTOCOLS: ["bearer.a.b.c"], PROTOCOLS.lower(): ["lectern.v1"]}
    assert credentials.find_token(lines, {}) == "a.b.c"
    assert credentials.find_subprotocol(lines) == "lectern.v1"


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


@given(st.text(st.characters()))
def test_any_authorization_header_counts_as_presented(authorization: str) -> None:
    try:
        assert find_token({"Authorization": authorization}, {})[0] is not None
    except BadRequest:
        assert authorization.lower().count("bearer") > 1
