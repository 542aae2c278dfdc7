"""createSession, joinSession, changeLanguage, leaveSession, endSession."""

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


def test_a_listener_joins_and_is_counted(stack: Stack) -> None:
    _, session_id = stack.session()

    reply = stack.connect().send("joinSession", sessionId=session_id, targetLanguage="es", id="7")

    assert (reply["type"], reply["id"], reply["lastSeq"]) == (
        "sessionJoined",
        "7",
        {"*": 0, "es": 0},
    )
    assert "missed" not in reply
    assert stack.counts(session_id) == (1, {"es": 1})


def test_the_reply_to_a_request_in_the_url_is_the_first_message(stack: Stack) -> None:
    speaker = stack.connect(
        f"role=speaker&action=createSession&sourceLanguage=en&id=5&token={stack.token()}"
    )
    stack.run_jobs()
    (created,) = speaker.received
    assert (created["type"], created["id"]) == ("sessionCreated", "5")

    listener = stack.connect(
        f"action=joinSession&sessionId={created['sessionId']}&targetLanguage=fr"
    )
    speaker.send("broadcast", data="too early for the new listener")
    stack.run_jobs()

    (joined,) = listener.received
    assert joined["type"] == "sessionJoined"
    assert joined["lastSeq"] == {"*": 1, "fr": 0}
    assert stack.counts(created["sessionId"]) == (1, {"fr": 1})


def test_changing_the_language_moves_the_count(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id, "es")

    reply = listener.send("changeLanguage", targetLanguage="de")

    assert (reply["type"], reply["targetLanguage"]) == ("languageChanged", "de")
    assert stack.counts(session_id) == (1, {"de": 1})
    listener.close()
    assert stack.counts(session_id) == (0, {})


def test_a_listener_that_left_may_join_again(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)

    assert listener.send("leaveSession")["type"] == "sessionLeft"
    assert stack.counts(session_id) == (0, {})
    assert listener.send("leaveSession")["code"] == "NOT_IN_SESSION"
    again = listener.send("joinSession", sessionId=session_id, targetLanguage="de")

    assert again["type"] == "sessionJoined"
    assert stack.counts(session_id) == (1, {"de": 1})


def test_the_capacity_holds(aws: Aws) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="2")
    _, session_id = stack.session()
    stack.listener(session_id)
    stack.listener(session_id)

    refused = stack.connect().send("joinSession", sessionId=session_id, targetLanguage="es")

    assert (refused["status"], refused["code"]) == (503, "SESSION_FULL")
    assert refused["retryAfter"] > 0
    assert stack.counts(session_id) == (2, {"es": 2})


def test_a_full_session_refuses_the_handshake_and_leaves_nothing(aws: Aws) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="1")
    _, session_id = stack.session()
    stack.listener(session_id)

    with pytest.raises(Refused) as refusal:
        stack.connect(f"action=joinSession&sessionId={session_id}&targetLanguage=es")

    assert refusal.value.status == 503
    assert len(stack.items("connections")) == 2


def test_ending_tells_everybody_and_keeps_no_connection(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listeners = [stack.listener(session_id, language) for language in ("es", "fr", "es")]

    reply = speaker.send("endSession")

    assert (reply["type"], reply["reason"]) == ("sessionEnded", "endedBySpeaker")
    assert [each.received[-1]["type"] for each in listeners] == ["sessionEnded"] * 3
    assert stack.counts(session_id) == (0, {})
    assert not [each for each in stack.items("connections") if "sessionId" in each]
    gone = stack.connect().send("joinSession", sessionId=session_id, targetLanguage="es")
    assert gone["code"] == "SESSION_INACTIVE"


def test_a_speaker_whose_session_has_ended_is_told_so(stack: Stack) -> None:
    speaker, _ = stack.session()
    assert stack.speaker().send("getSessionStatus")["code"] == "NOT_IN_SESSION"
    speaker.send("endSession")

    for action in ("getSessionStatus", "endSession", "pauseBroadcast"):
        refused = speaker.send(action)
        assert (refused["status"], refused["code"]) == (404, "SESSION_INACTIVE")


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", '{"action":"dance"}', '{"action":"subscribe","topic":"a"}']
)
def test_every_400_names_the_field_and_its_problem(stack: Stack, text: str) -> None:
    refused = stack.connect().send_text(text)

    assert refused["status"] == 400
    assert refused["details"][0]["problem"]


def test_a_speaker_goes_on_with_a_new_session_on_the_same_socket(stack: Stack) -> None:
    speaker, first = stack.session()
    assert speaker.send("createSession", sourceLanguage="en")["code"] == "ALREADY_IN_SESSION"
    speaker.send("endSession")

    second = speaker.send("createSession", sourceLanguage="en")

    assert second["type"] == "sessionCreated"
    assert second["sessionId"] != first


def test_another_tenants_session_is_refused(stack: Stack) -> None:
    _, session_id = stack.session(tenant="acme")
    stranger = stack.connect(f"token={stack.token('bob', 'globex')}")

    refused = stranger.send("joinSession", sessionId=session_id, targetLanguage="es")

    assert (refused["status"], refused["code"]) == (403, "FORBIDDEN")
    assert stack.counts(session_id) == (0, {})
    stack.listener(session_id)
    assert stack.counts(session_id) == (1, {"es": 1})


def test_a_session_lasts_as_long_as_its_speaker_is_told(stack: Stack) -> None:
    stack.clock.advance(0.117)
    created = stack.speaker().send("createSession", sourceLanguage="en")

    told = created["expiresAt"]

    assert told == stack.session_item(created["sessionId"])["expiresAt"] * 1000
    assert 0 <= told - stack.clock.now - 2 * 3600 * 1000 < 1000
