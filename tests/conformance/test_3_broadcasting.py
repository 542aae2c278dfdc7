"""PROTOCOL 3 and 4: broadcasts and controls."""

from typing import Any

import pytest

from tests.conformance.stack import Stack

# The gateway's limit, less what a message around the data may take.
ALMOST_128_KB = 128 * 1024 - 400


async def test_a_broadcast_reaches_everybody_or_one_language(stack: Stack) -> None:
    speaker, session = await stack.session()
    spanish, french = await stack.listener(session, "es"), await stack.listener(session, "fr")
    accepted = await speaker.done("broadcast", data="all")
    assert (accepted["stream"], accepted["seq"], accepted["recipients"]) == ("*", 1, 2)
    accepted = await speaker.done("broadcast", data="hola", targetLanguage="es")
    assert (accepted["stream"], accepted["seq"], accepted["recipients"]) == ("es", 1, 1)
    told = [await spanish.next("broadcast"), await spanish.next("broadcast")]
    assert [(m["stream"], m["seq"], m["data"]) for m in told] == [
        ("*", 1, "all"),
        ("es", 1, "hola"),
    ]
    assert [message["data"] for message in await french.rest("broadcast")] == ["all"]
    assert not await speaker.rest("broadcast")


async def test_every_stream_counts_from_1_without_a_hole(stack: Stack) -> None:
    speaker, _ = await stack.session()
    for stream, language in (("*", {}), ("es", {"targetLanguage": "es"})):
        accepted = [await speaker.done("broadcast", data=n, **language) for n in range(3)]
        assert [(each["stream"], each["seq"]) for each in accepted] == [
            (stream, 1),
            (stream, 2),
            (stream, 3),
        ]


@pytest.mark.parametrize(
    "data", [None, False, 0, "", [], {}, "ñ日本🎤", {"a": [1, 2.5, {"b": None}]}, "</script>"]
)
async def test_data_is_any_json_and_comes_as_it_was(stack: Stack, data: Any) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await speaker.done("broadcast", data=data)
    assert (await listener.next("broadcast"))["data"] == data


async def test_a_language_nobody_listens_to_has_no_recipients(stack: Stack) -> None:
    speaker, session = await stack.session()
    await stack.listener(session, "es")
    assert (await speaker.done("broadcast", data=1, targetLanguage="de"))["recipients"] == 0


async def test_a_broadcast_that_would_pass_128_kb_is_too_large_and_has_no_seq(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await speaker.refused("broadcast", "PAYLOAD_TOO_LARGE", data="x" * (128 * 1024 - 80))
    assert (await speaker.done("broadcast", data="x" * ALMOST_128_KB))["seq"] == 1
    assert len((await listener.next("broadcast"))["data"]) == ALMOST_128_KB
    recovered = await listener.done("recover", lastSeq={"*": 0})
    assert [len(each["data"]) for each in recovered["missed"]] == [ALMOST_128_KB]


@pytest.mark.parametrize(
    ("action", "fields", "state"),
    [
        ("pauseBroadcast", {}, {"isPaused": True}),
        ("muteBroadcast", {}, {"isMuted": True}),
        ("setVolume", {"volume": 0.25}, {"volume": 0.25}),
        ("setVolume", {"volume": 0}, {"volume": 0}),
        ("setVolume", {"volume": 1}, {"volume": 1}),
    ],
)
async def test_a_control_is_told_to_the_speaker_and_every_listener(
    stack: Stack, action: str, fields: dict[str, Any], state: dict[str, Any]
) -> None:
    speaker, session = await stack.session()
    listeners = [await stack.listener(session, language) for language in ("es", "fr")]
    changed = await speaker.done(action, **fields)
    assert changed["type"] == "broadcastStateChanged"
    assert state.items() <= changed["broadcastState"].items()
    for listener in listeners:
        told = await listener.next("broadcastStateChanged")
        assert told["broadcastState"] == changed["broadcastState"]
        assert told["stateVersion"] == changed["stateVersion"]


async def test_every_change_of_state_has_a_higher_version(stack: Stack) -> None:
    speaker, _ = await stack.session()
    versions = [speaker.welcome["stateVersion"]]
    for action in ("muteBroadcast", "pauseBroadcast", "unmuteBroadcast", "resumeBroadcast"):
        versions.append((await speaker.done(action))["stateVersion"])
    assert versions == sorted(set(versions))
    state = (await speaker.done("getSessionStatus"))["broadcastState"]
    assert (state["isPaused"], state["isMuted"]) == (False, False)


async def test_nothing_is_broadcast_while_paused(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await speaker.done("pauseBroadcast")
    await speaker.refused("broadcast", "BROADCAST_PAUSED", data=1)
    await speaker.done("resumeBroadcast")
    assert (await speaker.done("broadcast", data=2))["seq"] == 1
    assert [message["data"] for message in await listener.rest("broadcast")] == [2]


async def test_what_is_muted_is_still_broadcast(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await speaker.done("muteBroadcast")
    await speaker.done("broadcast", data="captions")
    assert (await listener.next("broadcast"))["data"] == "captions"


async def test_sessions_hear_nothing_of_each_other(stack: Stack) -> None:
    (one, first), (_, second) = await stack.session(), await stack.session()
    near, far = await stack.listener(first), await stack.listener(second)
    await one.done("broadcast", data=1)
    await one.done("muteBroadcast")
    await one.done("endSession")
    assert (await near.next("sessionEnded"))["sessionId"] == first
    assert not await far.rest("broadcast", "broadcastStateChanged", "sessionEnded")


async def test_a_listener_that_went_away_keeps_nothing_from_the_others(stack: Stack) -> None:
    speaker, session = await stack.session()
    stays, goes = await stack.listener(session), await stack.listener(session)
    await goes.cut()
    assert (await speaker.done("broadcast", data=1))["seq"] == 1
    assert (await stays.next("broadcast"))["data"] == 1
