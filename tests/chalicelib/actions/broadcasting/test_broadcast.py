"""Broadcasts and controls, and the limits of what participants may send."""

from typing import Any

import pytest

from tests.aws import Aws
from tests.stack import Client, Stack


def heard(client: Client) -> list[tuple[str, int, Any]]:
    return [(each["stream"], each["seq"], each["data"]) for each in client.of_type("broadcast")]


def test_a_broadcast_reaches_everybody_or_one_language(stack: Stack) -> None:
    speaker, session_id = stack.session()
    spanish, french = stack.listener(session_id, "es"), stack.listener(session_id, "fr")

    to_all = speaker.send("broadcast", data={"text": "hello"})
    to_spanish = speaker.send("broadcast", data="hola", targetLanguage="es")

    assert (to_all["stream"], to_all["seq"], to_all["recipients"]) == ("*", 1, 2)
    assert (to_spanish["stream"], to_spanish["seq"], to_spanish["recipients"]) == ("es", 1, 1)
    assert heard(spanish) == [("*", 1, {"text": "hello"}), ("es", 1, "hola")]
    assert heard(french) == [("*", 1, {"text": "hello"})]


def test_nothing_is_broadcast_while_paused(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("pauseBroadcast")

    assert speaker.send("broadcast", data="x")["code"] == "BROADCAST_PAUSED"
    assert stack.session_item(session_id)["streamPositions"] == {}
    speaker.send("resumeBroadcast")
    assert speaker.send("broadcast", data="y")["seq"] == 1


@pytest.mark.parametrize(
    ("volume", "heard"),
    [
        (0.25, 0.25),
        (1, 1.0),
        (0, 0.0),
        (0.1 + 0.2, 0.1 + 0.2),
        (1e-7, 1e-7),
        (1e-200, 0.0),
        (-0.0, 0.0),
    ],
)
def test_a_volume_is_kept_and_told(stack: Stack, volume: float, heard: float) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)

    reply = speaker.send("setVolume", volume=volume)

    assert str(reply["broadcastState"]["volume"]) == str(heard)
    assert listener.of_type("broadcastStateChanged")[0]["broadcastState"]["volume"] == heard


def test_a_listener_found_gone_is_counted_out(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listeners = [stack.listener(session_id) for _ in range(4)]
    stack.clock.advance(60)
    for each in listeners[:2]:
        each.close(lost=True)

    speaker.send("broadcast", data="x")

    assert stack.counts(session_id) == (2, {"es": 2})


def test_a_session_cannot_be_filled_up_with_streams(stack: Stack) -> None:
    speaker, session_id = stack.session()
    streams = {f"{number:03}".translate(_LETTERS): 1 for number in range(500)}
    stack.change_session(session_id, streamPositions=streams)

    refused = speaker.send("broadcast", data="x", targetLanguage="zz")
    known = speaker.send("broadcast", data="x", targetLanguage=next(iter(streams)))

    assert (refused["status"], refused["details"][0]["field"]) == (400, "targetLanguage")
    assert known["seq"] == 2


def test_a_session_cannot_be_filled_up_with_languages(aws: Aws) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="50")
    _, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    counts = {f"{number:03}".translate(_LETTERS): 1 for number in range(499)}
    stack.change_shard(session_id, 0, languageCounts=counts | {"es": 1})

    changed = listener.send("changeLanguage", targetLanguage="zz")
    joined = stack.connect().send("joinSession", sessionId=session_id, targetLanguage="zz")

    for refused in (changed, joined):
        assert (refused["status"], refused["details"][0]["field"]) == (400, "targetLanguage")
    assert stack.listener(session_id, "es").item is not None


@pytest.mark.parametrize("act", ["joinSession", "changeLanguage"])
def test_languages_that_nobody_listens_to_any_more_lock_no_other_out(aws: Aws, act: str) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="50")
    _, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    unused = {f"{number:03}".translate(_LETTERS): 0 for number in range(499)}
    stack.change_shard(session_id, 0, languageCounts=unused | {"es": 1})

    if act == "joinSession":
        stack.listener(session_id, "zz")
        left = {"es": 1, "zz": 1}
    else:
        assert listener.send(act, targetLanguage="zz")["type"] == "languageChanged"
        left = {"es": 0, "zz": 1}

    assert stack.shard(session_id, 0)["languageCounts"] == left


_LETTERS = str.maketrans("0123456789", "bcdefghijk")


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("publish", {"topic": "reactions", "data": "!"}),
        ("subscribe", {"topic": "reactions"}),
        ("submitRequest", {"request": "sessionReport"}),
    ],
)
def test_what_every_participant_may_send_is_rate_limited(
    aws: Aws, action: str, fields: dict[str, Any]
) -> None:
    stack = Stack(aws, RATE_LIMIT_CONTROLS_PER_SECOND="2")
    _, session_id = stack.session()
    listener, other = stack.listener(session_id), stack.listener(session_id)

    replies = [listener.send(action, **fields) for _ in range(3)]

    assert [each.get("code") for each in replies] == [None, None, "RATE_LIMITED"]
    assert replies[2]["retryAfter"] == 1
    assert "code" not in other.send(action, **fields)
