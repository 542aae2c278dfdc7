"""Bytes have exactly one spelling."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.identity import base64url


@given(st.binary())
def test_encoding_agrees_with_the_standard_library_without_padding(data: bytes) -> None:
    assert base64url.encode(data) == base64.urlsafe_b64encode(data).decode().rstrip("=")


@given(st.binary())
def test_what_was_encoded_decodes_to_the_same_bytes(data: bytes) -> None:
    assert base64url.decode(base64url.encode(data)) == data


@given(st.text())
def test_text_that_decodes_is_the_only_spelling_of_its_bytes(text: str) -> None:
    try:
        data = base64url.decode(text)
    except ValueError:
        return
    assert base64url.encode(data) == text


@pytest.mark.parametrize(
    "text",
    ["Zg==", "Zh", "Z", "_-+/", "Zm 9v", "Zm9v\n", "Zm9v=", "Zgé", "\ud800"],
    ids=["padded", "stray bits", "cut", "alphabets", "space", "line", "=", "accent", "surrogate"],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - binascii has an error of its own for some
        base64url.decode(text)
