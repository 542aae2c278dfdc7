"""PROTOCOL 4: `sessionEnded` says why, to the speaker and to every listener."""

from tests.conformance.stack import Stack

SWEEP = 61
"""Seconds within which every connection and session is looked at once."""


async def test_an_operator_ends_a_session_for_everybody(stack: Stack) -> None:
    speaker, session = await stack.session()
    listeners = [await stack.listener(session, language) for language in ("es", "fr")]

    await stack.operate("POST", f"/sessions/{session}/end")

    for client in (speaker, *listeners):
        told = await client.next("sessionEnded")
        assert (told["sessionId"], told["reason"]) == (session, "endedByOperator")
        assert told["message"]
    await speaker.refused("broadcast", "SESSION_INACTIVE", data=1)
    late = await stack.connect()
    fields = {"sessionId": session, "targetLanguage": "es"}
    await late.refused("joinSession", "SESSION_INACTIVE", **fields)


async def test_a_session_whose_time_is_up_ends_as_expired(configured: Stack) -> None:
    speaker, session = await configured.session()
    listener = await configured.listener(session)
    expires_at = speaker.welcome["expiresAt"]
    left = (expires_at - await configured.advance(0)) / 1000

    await configured.live(left - 20, speaker, listener)
    assert not await listener.rest("sessionEnded")
    await configured.advance(20 + SWEEP)

    for client in (speaker, listener):
        told = await client.next("sessionEnded")
        assert (told["sessionId"], told["reason"]) == (session, "expired")
        assert told["timestamp"] >= expires_at - 1000  # kept in whole seconds
    await speaker.refused("broadcast", "SESSION_INACTIVE", data=1)
