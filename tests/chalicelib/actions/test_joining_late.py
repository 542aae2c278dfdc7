"""Who comes in is told how things stand, not how they stood a moment before."""

from tests.stack import Stack


def test_a_control_in_the_instant_of_a_join_is_in_its_reply(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.connect()
    stack.database.before("TransactWriteItems", lambda: note(speaker.send("muteBroadcast")))

    joined = listener.send("joinSession", sessionId=session_id, targetLanguage="es")

    assert joined["broadcastState"]["isMuted"] is True
    assert joined["stateVersion"] == 2


def test_a_broadcast_in_the_instant_of_a_refresh_is_among_what_was_missed(stack: Stack) -> None:
    speaker, session_id = stack.session()
    old, new = stack.connect(), stack.connect()
    joined = old.send("joinSession", sessionId=session_id, targetLanguage="es")
    stack.database.before("TransactWriteItems", lambda: note(speaker.send("broadcast", data=1)))

    refreshed = new.send(
        "refreshConnection",
        sessionId=session_id,
        role="listener",
        targetLanguage="es",
        resumeToken=joined["resumeToken"],
        lastSeq=joined["lastSeq"],
    )

    assert refreshed["lastSeq"] == {"*": 1, "es": 0}
    assert [each["data"] for each in refreshed["missed"]] == [1]


def test_who_joins_late_is_told_of_every_switch(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("pauseBroadcast")
    speaker.send("muteBroadcast")
    speaker.send("setVolume", volume=0.5)

    joined = stack.connect().send("joinSession", sessionId=session_id, targetLanguage="es")

    state = joined["broadcastState"]
    assert (state["isPaused"], state["isMuted"], state["volume"]) == (True, True, 0.5)
    assert joined["stateVersion"] == 4


def note(reply: object) -> None:
    """What the speaker is answered does not matter here."""
    assert reply
