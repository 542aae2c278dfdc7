"""Hashes stand for addresses and connections, and tell neither."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.identity.hashing import Hasher
from chalicelib.identity.keys import derive_key

SECRET = "a secret of at least 32 characters"


def test_keys_for_different_purposes_share_nothing() -> None:
    keys = {
        derive_key(SECRET, "resume"),
        derive_key(SECRET, "address"),
        derive_key(SECRET, "connection"),
        SECRET.encode(),
    }

    assert len(keys) == 4


@given(st.ip_addresses())
def test_an_address_becomes_thirty_two_hexadecimal_digits_that_reveal_nothing(ip: object) -> None:
    hashed = Hasher(SECRET).address(str(ip))

    assert re.fullmatch(r"[0-9a-f]{32}", hashed)
    assert hashed != Hasher("another secret of 32 characters!").address(str(ip))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("::1", "::2"),
        ("fe80::1%eth0", "fe80::2"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
    ],
    ids=["the same", "one /64", "lowest", "with a zone", "IPv4 in IPv6", "blanks"],
)
def test_spellings_and_neighbours_that_are_one_customer_share_a_hash(one: str, other: str) -> None:
    assert Hasher(SECRET).address(one) == Hasher(SECRET).address(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.7", "203.0.113.8"),
        ("2001:db8:1:2::7", "2001:db8:1:3::7"),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8"),
        ("unknown", ""),
    ],
    ids=["two IPv4", "two /64s", "two IPv4 in IPv6", "no addresses"],
)
def test_different_customers_have_different_hashes(one: str, other: str) -> None:
    assert Hasher(SECRET).address(one) != Hasher(SECRET).address(other)


@given(st.text(st.characters()))
def test_any_text_has_hashes(text: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", Hasher(SECRET).address(text))
    assert re.fullmatch(r"[0-9a-f]{12}", Hasher(SECRET).connection(text))


def test_a_connection_has_one_hash_and_another_connection_another() -> None:
    hasher = Hasher(SECRET)

    assert hasher.connection("L0SM9cOFvHcCIhw=") == hasher.connection("L0SM9cOFvHcCIhw=")
    assert hasher.connection("L0SM9cOFvHcCIhw=") != hasher.connection("L0SM9cOFvHcCIhx=")
