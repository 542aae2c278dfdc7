"""`languageChanged` says where the new stream stands, so that nothing is lost in between."""

from tests.stack import Stack


def test_the_reply_has_the_positions_of_the_streams_that_are_followed_now(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    for language in ({}, {"targetLanguage": "fr"}, {"targetLanguage": "fr"}):
        speaker.send("broadcast", data="x", **language)

    changed = [
        listener.send("changeLanguage", targetLanguage=each) for each in ("fr", "fr", "de", "es")
    ]

    assert [each["lastSeq"] for each in changed] == [
        {"*": 1, "fr": 2},
        {"*": 1, "fr": 2},
        {"*": 1, "de": 0},
        {"*": 1, "es": 0},
    ]


def test_what_is_broadcast_during_the_change_is_after_the_position_in_the_reply(
    stack: Stack,
) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    stack.database.before(
        "TransactWriteItems",
        lambda: speaker.send("broadcast", data="bonjour", targetLanguage="fr"),
    )

    changed = listener.send("changeLanguage", targetLanguage="fr")

    assert changed["lastSeq"] == {"*": 0, "fr": 0}
    assert listener.of_type("broadcast") == []
    recovered = listener.send("recover", lastSeq=changed["lastSeq"])
    assert [each["data"] for each in recovered["missed"]] == ["bonjour"]


def test_a_language_is_not_changed_in_a_session_that_has_ended(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    speaker.send("endSession")

    assert listener.send("changeLanguage", targetLanguage="es")["status"] == 404
