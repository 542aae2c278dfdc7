"""The names of sessions, how long they last, and the refusals of full and ended ones."""

import re
from itertools import chain, repeat

import pytest
from msgspec.structs import replace

from chalicelib import wiring
from tests.aws import Aws
from tests.stack import Refused, Stack


def test_a_speaker_creates_a_session(stack: Stack) -> None:
    reply = stack.speaker().send("createSession", sourceLanguage="en", id="1")

    assert re.fullmatch(r"[a-z]+-[a-z]+-[0-9]{3}", reply["sessionId"])
    assert reply | {"sessionId": "", "resumeToken": ""} == {
        "type": "sessionCreated",
        "id": "1",
        "timestamp": stack.clock.now,
        "sessionId": "",
        "sourceLanguage": "en",
        "qualityTier": "standard",
        "broadcastState": {
            "isActive": True,
            "isPaused": False,
            "isMuted": False,
            "volume": 1.0,
            "lastStateChange": stack.clock.now,
        },
        "stateVersion": 1,
        "resumeToken": "",
        "heartbeatInterval": 50,
        "expiresAt": stack.clock.now + 2 * 3600 * 1000,
    }


@pytest.mark.parametrize("free", [True, False])
def test_a_taken_session_name_is_not_given_again(stack: Stack, free: bool) -> None:
    picks = chain([0] * 9, repeat(1 if free else 0))
    wiring.install(replace(stack.services, pick=lambda _: next(picks)))
    first, taken = stack.session("anna")
    stack.listener(taken)
    before = stack.session_item(taken)

    reply = stack.speaker("berta").send("createSession", sourceLanguage="fr")

    if free:
        assert reply["sessionId"] != taken
    else:
        assert (reply["code"], reply["retryAfter"]) == ("SERVICE_UNAVAILABLE", 1)
    assert stack.session_item(taken) == before
    assert first.send("getSessionStatus")["listenerCount"] == 1


def test_a_full_session_refuses_the_handshake_and_leaves_nothing(aws: Aws) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="1")
    _, session_id = stack.session()
    stack.listener(session_id)

    with pytest.raises(Refused) as refusal:
        stack.connect(f"action=joinSession&sessionId={session_id}&targetLanguage=es")

    assert refusal.value.status == 503
    assert len(stack.items("connections")) == 2


def test_a_speaker_whose_session_has_ended_is_told_so(stack: Stack) -> None:
    speaker, _ = stack.session()
    assert stack.speaker().send("getSessionStatus")["code"] == "NOT_IN_SESSION"
    speaker.send("endSession")

    for action in ("getSessionStatus", "endSession", "pauseBroadcast"):
        refused = speaker.send(action)
        assert (refused["status"], refused["code"]) == (404, "SESSION_INACTIVE")


def test_a_session_lasts_as_long_as_its_speaker_is_told(stack: Stack) -> None:
    stack.clock.advance(0.117)
    created = stack.speaker().send("createSession", sourceLanguage="en")

    told = created["expiresAt"]

    assert told == stack.session_item(created["sessionId"])["expiresAt"] * 1000
    assert 0 <= told - stack.clock.now - 2 * 3600 * 1000 < 1000
