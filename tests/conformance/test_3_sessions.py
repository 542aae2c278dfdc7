"""PROTOCOL 3: sessions, from createSession to endSession."""

import asyncio

import pytest

from tests.conformance.stack import Stack


async def test_a_session_is_created_with_its_defaults(stack: Stack) -> None:
    speaker = await stack.speaker()
    created = await speaker.done("createSession", sourceLanguage="en")
    assert created["type"] == "sessionCreated"
    assert (created["sourceLanguage"], created["qualityTier"]) == ("en", "standard")
    state = created["broadcastState"]
    assert (state["isActive"], state["isPaused"], state["isMuted"]) == (True, False, False)
    assert state["volume"] == 1.0
    assert created["heartbeatInterval"] > 0
    assert created["expiresAt"] > created["timestamp"]


@pytest.mark.parametrize(
    "language",
    ["en", "yue", "zh-Hans", "pt-BR", "sr-Latn-RS", "es-419", "zh-Hant-TW", "en-Latn-001"],
)
async def test_languages_have_two_or_three_letters_a_script_and_a_region(
    stack: Stack, language: str
) -> None:
    speaker = await stack.speaker()
    created = await speaker.done("createSession", sourceLanguage=language, qualityTier="premium")
    assert (created["sourceLanguage"], created["qualityTier"]) == (language, "premium")
    listener = await stack.listener(created["sessionId"], language)
    assert listener.welcome["targetLanguage"] == language


@pytest.mark.parametrize("language", ["es-41", "es-4190", "es-419-MX", "es-mx", "es-419\n"])
async def test_a_region_has_two_letters_or_three_digits(stack: Stack, language: str) -> None:
    speaker, session = await stack.session()
    listener = await stack.connect()
    fields = {"sessionId": session, "targetLanguage": language}
    await listener.refused("joinSession", "INVALID_MESSAGE", **fields)
    await speaker.refused("broadcast", "INVALID_MESSAGE", data=1, targetLanguage=language)


async def test_a_language_with_a_region_of_digits_has_a_stream_of_its_own(stack: Stack) -> None:
    speaker = await stack.speaker()
    restricted = {"sourceLanguage": "en", "languages": ["es-419", "zh-Hant-TW"]}
    session = (await speaker.done("createSession", **restricted))["sessionId"]
    listener = await stack.listener(session, "zh-Hant-TW")
    changed = await listener.done("changeLanguage", targetLanguage="es-419")
    assert changed["lastSeq"] == {"*": 0, "es-419": 0}
    await speaker.done("broadcast", data=1, targetLanguage="es-419")
    recovered = await listener.done("recover", lastSeq=changed["lastSeq"])
    assert [message["stream"] for message in recovered["missed"]] == ["es-419"]
    assert (await speaker.done("getSessionStatus"))["languageDistribution"] == {"es-419": 1}


async def test_a_connection_has_one_session(stack: Stack) -> None:
    speaker, _ = await stack.session()
    await speaker.refused("createSession", "ALREADY_IN_SESSION", sourceLanguage="en")
    listener = await stack.listener((await stack.session())[1])
    _, other = await stack.session()
    fields = {"sessionId": other, "targetLanguage": "es"}
    await listener.refused("joinSession", "ALREADY_IN_SESSION", **fields)


async def test_a_listener_learns_where_the_session_stands(stack: Stack) -> None:
    speaker, session = await stack.session()
    await speaker.done("muteBroadcast")
    for _ in range(2):
        await speaker.done("broadcast", data=1, targetLanguage="es")
    await speaker.done("broadcast", data=1)
    joined = (await stack.listener(session)).welcome
    assert joined["type"] == "sessionJoined"
    assert (joined["sourceLanguage"], joined["targetLanguage"]) == ("en", "es")
    assert joined["broadcastState"]["isMuted"]
    assert joined["stateVersion"] == speaker.welcome["stateVersion"] + 1
    assert joined["lastSeq"] == {"*": 1, "es": 2}
    assert "missed" not in joined


@pytest.mark.parametrize("action", ["joinSession", "refreshConnection"])
async def test_a_session_that_is_not_there_or_ended_cannot_be_entered(
    stack: Stack, action: str
) -> None:
    speaker, ended = await stack.session()
    await speaker.done("endSession")
    client = await stack.connect()
    role = {"role": "listener"} if action == "refreshConnection" else {}
    for session, code in ((ended, "SESSION_INACTIVE"), ("golden-nobody-000", "SESSION_NOT_FOUND")):
        await client.refused(action, code, sessionId=session, targetLanguage="es", **role)


async def test_listeners_are_counted_by_language(stack: Stack) -> None:
    speaker, session = await stack.session()
    listeners = [await stack.listener(session, language) for language in ("es", "es", "fr")]
    status = await speaker.done("getSessionStatus")
    assert (status["listenerCount"], status["languageDistribution"]) == (3, {"es": 2, "fr": 1})
    changed = await listeners[0].done("changeLanguage", targetLanguage="de")
    assert (changed["type"], changed["targetLanguage"]) == ("languageChanged", "de")
    assert (await listeners[1].done("leaveSession"))["type"] == "sessionLeft"
    status = await speaker.done("getSessionStatus")
    assert (status["listenerCount"], status["languageDistribution"]) == (2, {"de": 1, "fr": 1})


async def test_a_listener_that_leaves_hears_nothing_more(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    left = await listener.done("leaveSession")
    assert left["sessionId"] == session
    assert (await speaker.done("broadcast", data=1))["recipients"] == 0


@pytest.mark.parametrize("how", ["close", "cut"])
async def test_a_listener_that_goes_away_is_not_counted(stack: Stack, how: str) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await speaker.next("sessionStatus", listenerCount=1)
    await getattr(listener, how)()
    await speaker.next("sessionStatus", listenerCount=0)


async def test_a_changed_language_is_what_is_heard_from_then_on(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await listener.done("changeLanguage", targetLanguage="fr")
    await speaker.done("broadcast", data="hola", targetLanguage="es")
    await speaker.done("broadcast", data="bonjour", targetLanguage="fr")
    assert [message["data"] for message in await listener.rest("broadcast")] == ["bonjour"]


async def test_a_changed_language_says_where_its_streams_stand(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    for fields in ({}, {"targetLanguage": "fr"}, {"targetLanguage": "fr"}):
        await speaker.done("broadcast", data="x", **fields)
    changed = await listener.done("changeLanguage", targetLanguage="fr")
    assert changed["lastSeq"] == {"*": 1, "fr": 2}
    assert (await listener.done("changeLanguage", targetLanguage="de"))["lastSeq"] == {
        "*": 1,
        "de": 0,
    }


async def test_nothing_is_lost_while_a_language_changes(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    french = {"targetLanguage": "fr"}
    changing = asyncio.create_task(listener.done("changeLanguage", **french))
    for number in range(1, 6):
        await speaker.done("broadcast", data=number, **french)
    begin = (await changing)["lastSeq"]["fr"]
    came = {each["seq"] for each in await listener.rest("broadcast")}
    recovered = await listener.done("recover", lastSeq={"*": 0, "fr": begin})
    came |= {each["seq"] for each in recovered["missed"]}
    assert came >= set(range(begin + 1, 6))


async def test_the_speaker_ends_the_session_for_everybody(stack: Stack) -> None:
    speaker, session = await stack.session()
    listeners = [await stack.listener(session, language) for language in ("es", "fr")]
    ended = await speaker.done("endSession")
    assert (ended["type"], ended["sessionId"]) == ("sessionEnded", session)
    for listener in listeners:
        told = await listener.next("sessionEnded")
        assert (told["sessionId"], told["reason"]) == (session, "endedBySpeaker")
    if stack.sandbox:
        left = (await stack.state())["connections"]
        assert not [item for item in left if item.get("sessionId") == session]


async def test_a_listener_of_the_same_tenant_may_join_with_a_token(stack: Stack) -> None:
    _, session = await stack.session()
    client = await stack.connect(await stack.token("eve"))
    await client.done("joinSession", sessionId=session, targetLanguage="es")


async def test_a_listener_of_another_tenant_may_not(stack: Stack) -> None:
    speaker, session = await stack.session()
    client = await stack.connect(await stack.token("ana", "other"))
    await client.refused("joinSession", "SESSION_NOT_FOUND", sessionId=session, targetLanguage="es")
    assert await stack.count(speaker) == 0
