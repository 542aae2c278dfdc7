"""broadcast, recovery and controls: everything a speaker says arrives."""

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


def test_a_returning_listener_gets_what_it_missed_and_is_counted_once(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.connect()
    joined = listener.send("joinSession", sessionId=session_id, targetLanguage="es")
    speaker.send("broadcast", data=1)
    listener.close(lost=True)
    for number in range(2, 42):
        speaker.send("broadcast", data=number)

    reply = stack.connect().send(
        "joinSession",
        sessionId=session_id,
        targetLanguage="es",
        resumeToken=joined["resumeToken"],
        lastSeq={"*": 1, "es": 0},
    )

    assert [each["seq"] for each in reply["missed"]] == list(range(2, 42))
    assert reply["missed"][0]["type"] == "broadcast"
    assert reply["gap"] is False
    assert reply["lastSeq"] == {"*": 41, "es": 0}
    assert stack.counts(session_id) == (1, {"es": 1})


def test_expired_broadcasts_are_reported_as_a_gap(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    speaker.send("broadcast", data="old")
    stack.clock.advance(121)
    speaker.send("broadcast", data="new")

    reply = listener.send("recover", lastSeq={"*": 0})

    assert [each["data"] for each in reply["missed"]] == ["new"]
    assert reply["gap"] is True
    assert listener.send("recover", lastSeq={"*": 1})["gap"] is False


def test_what_does_not_fit_in_one_reply_is_recovered_by_another(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    for _ in range(5):
        speaker.send("broadcast", data="x" * 40_000)

    seen, rounds = 0, []
    while True:
        reply = listener.send("recover", lastSeq={"*": seen})
        rounds.append([each["seq"] for each in reply["missed"]])
        if not reply["gap"]:
            break
        seen = rounds[-1][-1]

    assert rounds == [[1, 2, 3], [4, 5]]


def test_a_broadcast_that_would_pass_the_limit_is_refused_beforehand(stack: Stack) -> None:
    speaker, session_id = stack.session()

    reply = speaker.send("broadcast", data="x" * (128 * 1024 - 60))

    assert (reply["status"], reply["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert stack.session_item(session_id)["streamPositions"] == {}


def test_while_paused_nothing_is_broadcast(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)

    paused = speaker.send("pauseBroadcast")
    refused = speaker.send("broadcast", data="x")
    resumed = speaker.send("resumeBroadcast")

    assert paused["broadcastState"]["isPaused"] is True
    assert (paused["stateVersion"], resumed["stateVersion"]) == (2, 3)
    assert refused["code"] == "BROADCAST_PAUSED"
    assert speaker.send("broadcast", data="y")["seq"] == 1
    assert [each["stateVersion"] for each in listener.of_type("broadcastStateChanged")] == [2, 3]


@pytest.mark.parametrize("volume", [-0.1, 1.1, "x", None, True])
def test_an_invalid_volume_is_refused(stack: Stack, volume: Any) -> None:
    speaker, session_id = stack.session()

    reply = speaker.send("setVolume", volume=volume)

    assert (reply["status"], reply["code"]) == (400, "INVALID_MESSAGE")
    assert reply["details"][0]["field"] == "volume"
    assert stack.session_item(session_id)["stateVersion"] == 1


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


@pytest.mark.parametrize("data", ['"\ud800"', '"caf\udce9"'])
def test_invalid_unicode_is_refused_before_it_takes_a_seq(stack: Stack, data: str) -> None:
    speaker, session_id = stack.session()

    reply = speaker.send_text('{"action":"broadcast","data":' + data + "}")

    assert (reply["status"], reply["code"]) == (400, "INVALID_JSON")
    assert stack.session_item(session_id)["streamPositions"] == {}


def test_more_than_the_inline_limit_is_delivered_by_jobs_whose_progress_the_speaker_sees(
    aws: Aws,
) -> None:
    stack = Stack(aws, INLINE_FANOUT_LIMIT="3")
    speaker, session_id = stack.session()
    listeners = [stack.listener(session_id) for _ in range(5)]

    accepted = speaker.send("broadcast", data="to many")
    assert [heard(each) for each in listeners] == [[]] * 5
    stack.run_jobs()

    assert [heard(each) for each in listeners] == [[("*", 1, "to many")]] * 5
    (completed,) = speaker.of_type("requestCompleted")
    assert completed["requestId"] == accepted["requestId"]
    assert completed["result"] == {"delivered": 5, "gone": 0, "slow": 0, "unsent": 0}


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
    streams = {f"{number:03}".translate(_LETTERS): {"N": "1"} for number in range(500)}
    set_map(stack, session_id, "streamPositions", streams)

    refused = speaker.send("broadcast", data="x", targetLanguage="zz")
    known = speaker.send("broadcast", data="x", targetLanguage=next(iter(streams)))

    assert (refused["status"], refused["details"][0]["field"]) == (400, "targetLanguage")
    assert known["seq"] == 2


def test_a_session_cannot_be_filled_up_with_languages(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id, "es")
    counts = {f"{number:03}".translate(_LETTERS): {"N": "0"} for number in range(499)}
    set_map(stack, session_id, "languageCounts", counts | {"es": {"N": "1"}})

    changed = listener.send("changeLanguage", targetLanguage="zz")
    joined = stack.connect().send("joinSession", sessionId=session_id, targetLanguage="zz")

    for refused in (changed, joined):
        assert (refused["status"], refused["details"][0]["field"]) == (400, "targetLanguage")
    assert stack.listener(session_id, "es").item is not None


_LETTERS = str.maketrans("0123456789", "bcdefghijk")


def set_map(stack: Stack, session_id: str, name: str, entries: dict[str, Any]) -> None:
    """Changes a session's item behind its back."""
    stack.database.call(
        "UpdateItem",
        {
            "TableName": stack.aws.tables["sessions"],
            "Key": {"sessionId": {"S": session_id}},
            "UpdateExpression": f"SET {name} = :entries",
            "ExpressionAttributeValues": {":entries": {"M": entries}},
        },
    )


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
