"""PROTOCOL 3: private sessions, and the languages of a session."""

from typing import Any

import pytest

from tests.conformance.stack import Stack

Json = dict[str, Any]


async def private(stack: Stack) -> tuple[Any, Json]:
    speaker = await stack.speaker()
    fields: Json = {"sourceLanguage": "en", "private": True, "languages": ["es", "fr"]}
    return speaker, await speaker.done("createSession", **fields)


async def test_a_private_session_has_a_key_and_others_have_none(stack: Stack) -> None:
    _, created = await private(stack)
    assert len(created["joinKey"]) >= 22
    speaker, _ = await stack.session()
    assert "joinKey" not in speaker.welcome


@pytest.mark.parametrize("action", ["joinSession", "refreshConnection"])
async def test_without_its_key_there_is_no_such_session(stack: Stack, action: str) -> None:
    _, created = await private(stack)
    fields: Json = {"sessionId": created["sessionId"], "targetLanguage": "es", "role": "listener"}
    for wrong in ({}, {"joinKey": "A" * 22}):
        client = await stack.connect()
        await client.refused(action, "SESSION_NOT_FOUND", **fields, **wrong)
        refused = await stack.refusal(None, action=action, **fields, **wrong)
        assert refused.status == 404


async def test_the_key_opens_it_by_message_and_by_url_and_a_resume_token_stands_for_it(
    stack: Stack,
) -> None:
    _, created = await private(stack)
    fields: Json = {"sessionId": created["sessionId"], "targetLanguage": "es"}
    client = await stack.connect()
    joined = await client.done("joinSession", **fields, joinKey=created["joinKey"])
    assert "joinKey" not in joined
    by_url = await stack.connect(action="joinSession", **fields, joinKey=created["joinKey"])
    assert (await by_url.next("sessionJoined"))["sessionId"] == created["sessionId"]
    fresh = await stack.connect()
    await fresh.done("joinSession", **fields, resumeToken=joined["resumeToken"])


async def test_the_speaker_is_given_its_key_again(stack: Stack) -> None:
    _, created = await private(stack)
    fresh = await stack.speaker()
    fields: Json = {"sessionId": created["sessionId"], "role": "speaker"}
    moved = await fresh.done("refreshConnection", **fields)
    assert moved["joinKey"] == created["joinKey"]


async def test_only_its_languages_can_be_listened_to(stack: Stack) -> None:
    speaker, created = await private(stack)
    fields: Json = {"sessionId": created["sessionId"], "joinKey": created["joinKey"]}
    client = await stack.connect()
    await client.refused("joinSession", "INVALID_MESSAGE", **fields, targetLanguage="de")
    await client.done("joinSession", **fields, targetLanguage="fr")
    await client.refused("changeLanguage", "INVALID_MESSAGE", targetLanguage="de")
    await client.done("changeLanguage", targetLanguage="es")
    await speaker.refused("broadcast", "INVALID_MESSAGE", data=1, targetLanguage="de")


async def test_a_private_session_can_be_created_in_a_url(stack: Stack) -> None:
    query: Json = {"role": "speaker", "action": "createSession", "sourceLanguage": "en"}
    token = await stack.token("ana")
    speaker = await stack.connect(token, **query, private="true", languages="es,fr")
    created = await speaker.next("sessionCreated")
    client = await stack.connect()
    fields: Json = {"sessionId": created["sessionId"], "joinKey": created["joinKey"]}
    await client.done("joinSession", **fields, targetLanguage="fr")
    assert (await stack.refusal(token, **query, private="maybe")).status == 400
