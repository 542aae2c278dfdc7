"""Links with which people join a session."""

from lectern_client import join_link, read_join_link

PAGE, SESSION, KEY = "https://example.org/talk?lang=es", "golden-eagle-427", "a_b-c"


def test_a_link_has_the_session_and_its_key_where_no_server_sees_them() -> None:
    link = join_link(f"{PAGE}#old", SESSION, KEY)

    assert link == f"{PAGE}#session={SESSION}&key={KEY}"
    assert read_join_link(link) == (SESSION, KEY)


def test_an_open_session_needs_no_key() -> None:
    assert join_link(PAGE, SESSION) == f"{PAGE}#session={SESSION}"
    assert read_join_link(join_link(PAGE, SESSION)) == (SESSION, None)
    assert read_join_link(PAGE) == (None, None)
