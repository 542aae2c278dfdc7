"""Cursors: opaque, and of use for nothing but the next page of the list they come from."""

import pytest

from chalicelib.errors import BadRequest
from chalicelib.identity import base64url
from chalicelib.identity.cursors import Cursors

SECRET = "a-secret-for-tests-of-enough-characters"
POSITION = {"connectionId": "Xm3jbd2zIAMCFHQ=", "shard": 3}
WRITTEN_BEFORE_AES_SIV = "1Wx_JV8SMXu1ix1JjmeIfwkxOeqMLGG1su07XKHQ_meuDWq4KyJIIB1Ey1XoUaG52O9uaW9x"
"""The result of `Cursors(SECRET).write("sessions", POSITION)` in the version before."""


def test_a_cursor_gives_its_position_back_and_does_not_show_it() -> None:
    cursor = Cursors(SECRET).write("sessions", POSITION)

    assert Cursors(SECRET).read("sessions", cursor) == POSITION
    assert b"Xm3jbd2zIAMCFHQ" not in base64url.decode(cursor)


def test_a_cursor_is_refused_for_another_list_and_by_another_stack() -> None:
    cursor = Cursors(SECRET).write("sessions", POSITION)

    for cursors, scope in ((Cursors(SECRET), "connections"), (Cursors(SECRET[::-1]), "sessions")):
        with pytest.raises(BadRequest, match="is not a cursor of this list"):
            cursors.read(scope, cursor)


def test_any_other_text_is_refused() -> None:
    cursors = Cursors(SECRET)
    cursor = cursors.write("sessions", POSITION)
    shortened = [base64url.encode(base64url.decode(cursor)[:length]) for length in (0, 15, 16, 17)]

    for text in ("", "%", "ü", cursor[:-2], cursor + "AA", cursor[2:], *shortened):
        with pytest.raises(BadRequest):
            cursors.read("sessions", text)


def test_a_cursor_of_the_version_before_aes_siv_is_refused_as_a_wrong_cursor() -> None:
    with pytest.raises(BadRequest) as refused:
        Cursors(SECRET).read("sessions", WRITTEN_BEFORE_AES_SIV)

    assert [field for field, _ in refused.value.details] == ["cursor"]
