"""Private sessions, and the languages that a session may have (PROTOCOL 3)."""

from urllib.parse import quote

import pytest

from tests.stack import Client, Json, Refused, Stack


def private(stack: Stack, **fields: object) -> tuple[Client, Json]:
    """Return the speaker of a new private session, and the reply to its creation."""
    speaker = stack.speaker()
    created = speaker.send("createSession", sourceLanguage="en", private=True, **fields)
    assert created["type"] == "sessionCreated", created
    return speaker, created


def entry(created: Json, **fields: object) -> Json:
    return {"sessionId": created["sessionId"], "targetLanguage": "es", **fields}


def test_only_a_private_session_has_a_key_and_only_its_hash_is_stored(stack: Stack) -> None:
    _, created = private(stack)
    open_one = stack.speaker("bert").send("createSession", sourceLanguage="en", private=False)

    assert "joinKey" not in open_one
    assert "joinKeyHash" not in stack.session_item(open_one["sessionId"])
    assert len(created["joinKey"]) == 22
    assert created["joinKey"] not in str(stack.session_item(created["sessionId"]))
    assert created["joinKey"] not in "".join(stack.lines)


def test_with_the_key_a_listener_joins_and_is_not_told_it(stack: Stack) -> None:
    _, created = private(stack)

    joined = stack.connect().send("joinSession", **entry(created, joinKey=created["joinKey"]))

    assert joined["type"] == "sessionJoined"
    assert "joinKey" not in joined
    assert stack.counts(created["sessionId"]) == (1, {"es": 1})


@pytest.mark.parametrize("action", ["joinSession", "refreshConnection"])
@pytest.mark.parametrize("ended", [False, True])
def test_without_the_key_there_is_no_such_session(stack: Stack, action: str, ended: bool) -> None:
    speaker, created = private(stack)
    if ended:
        speaker.send("endSession")
    role = {"role": "listener"}
    absent = created["sessionId"][:-3] + ("001" if created["sessionId"][-3:] == "000" else "000")
    wrong: list[Json] = [{}, {"joinKey": ""}, {"joinKey": created["joinKey"][:-1]}]
    wrong += [{"joinKey": created["joinKey"] + "x"}, {"resumeToken": "r1.AAAA"}]

    for fields in wrong:
        hidden = stack.connect().send(action, **entry(created, **role, **fields))
        nothing = stack.connect().send(action, **entry({"sessionId": absent}, **role, **fields))
        assert (hidden["status"], hidden["code"]) == (404, "SESSION_NOT_FOUND")
        assert hidden | {"message": ""} == nothing | {"message": ""}
        assert hidden["message"].replace(created["sessionId"], absent) == nothing["message"]


def test_with_the_key_an_ended_session_is_told_as_ended(stack: Stack) -> None:
    speaker, created = private(stack)
    speaker.send("endSession")

    refused = stack.connect().send("joinSession", **entry(created, joinKey=created["joinKey"]))

    assert refused["code"] == "SESSION_INACTIVE"


def test_a_resume_token_of_the_session_stands_for_the_key(stack: Stack) -> None:
    _, created = private(stack)
    listener = stack.connect()
    joined = listener.send("joinSession", **entry(created, joinKey=created["joinKey"]))

    moved = stack.connect().send(
        "refreshConnection",
        **entry(created, role="listener", resumeToken=joined["resumeToken"]),
    )
    back = stack.connect().send("joinSession", **entry(created, resumeToken=moved["resumeToken"]))

    assert [moved["type"], back["type"]] == ["connectionRefreshComplete", "sessionJoined"]
    assert stack.counts(created["sessionId"]) == (1, {"es": 1})


def test_no_other_resume_token_does(stack: Stack) -> None:
    _, created = private(stack)
    _, other = stack.session("bert")
    foreign = stack.listener(other).replies[-1]["resumeToken"]
    known = stack.connect(f"token={stack.token('carl')}")
    joined = known.send("joinSession", **entry(created, joinKey=created["joinKey"]))
    stack.advance(131 * 60)

    for token in (foreign, joined["resumeToken"]):
        refused = stack.connect().send("joinSession", **entry(created, resumeToken=token))
        assert refused["code"] == "SESSION_NOT_FOUND"


def test_the_speaker_is_given_the_same_key_when_it_comes_back(stack: Stack) -> None:
    _, created = private(stack)
    fields = {"sessionId": created["sessionId"], "role": "speaker"}

    refreshed = stack.speaker().send("refreshConnection", **fields)

    assert refreshed["joinKey"] == created["joinKey"]
    assert "joinKey" not in _refresh_of_open_session(stack)


def _refresh_of_open_session(stack: Stack) -> Json:
    _, session_id = stack.session()
    return stack.speaker().send("refreshConnection", sessionId=session_id, role="speaker")


def test_another_speaker_of_the_tenant_learns_no_more_than_a_listener(stack: Stack) -> None:
    _, created = private(stack)
    fields = {"sessionId": created["sessionId"], "role": "speaker"}

    without = stack.speaker("eve").send("refreshConnection", **fields)
    with_key = stack.speaker("eve").send("refreshConnection", **fields, joinKey=created["joinKey"])

    assert (without["status"], without["code"]) == (404, "SESSION_NOT_FOUND")
    assert (with_key["status"], with_key["code"]) == (403, "FORBIDDEN")


def test_all_of_it_in_a_url(stack: Stack) -> None:
    query = f"role=speaker&token={stack.token()}&action=createSession&sourceLanguage=en"
    speaker = stack.connect(f"{query}&private=true&languages=es,fr")
    stack.run_jobs()
    created = speaker.received[0]
    join = f"action=joinSession&sessionId={created['sessionId']}"

    listener = stack.connect(f"{join}&targetLanguage=fr&joinKey={quote(created['joinKey'])}")
    stack.run_jobs()

    assert listener.received[0]["type"] == "sessionJoined"
    for wrong, status in (("targetLanguage=fr", 404), ("targetLanguage=fr&joinKey=x", 404)):
        with pytest.raises(Refused) as refused:
            stack.connect(f"{join}&{wrong}")
        assert refused.value.status == status
    with pytest.raises(Refused) as refused:
        stack.connect(f"{join}&targetLanguage=de&joinKey={created['joinKey']}")
    assert refused.value.status == 400


@pytest.mark.parametrize("handled", [1, 2])
def test_a_first_reply_that_is_sent_twice_has_the_same_key(stack: Stack, handled: int) -> None:
    query = f"role=speaker&token={stack.token()}&action=createSession&sourceLanguage=en"
    speaker = stack.connect(f"{query}&private=true")
    stack.run_jobs(times=handled)

    keys = {message["joinKey"] for message in speaker.of_type("sessionCreated")}

    assert len(keys) == 1


@pytest.mark.parametrize(
    "bad", ["private=yes", "private=", "languages=", "languages=es,", "languages=es,FR"]
)
def test_malformed_options_in_a_url_are_400(stack: Stack, bad: str) -> None:
    query = f"role=speaker&token={stack.token()}&action=createSession&sourceLanguage=en"

    with pytest.raises(Refused) as refused:
        stack.connect(f"{query}&{bad}")

    assert refused.value.status == 400
    assert refused.value.body["details"][0]["field"] == bad.partition("=")[0]


def test_only_the_languages_of_a_session_can_be_listened_to(stack: Stack) -> None:
    speaker = stack.speaker()
    fields = {"sourceLanguage": "en", "languages": ["es", "fr", "es"]}
    session_id = speaker.send("createSession", **fields)["sessionId"]
    listener = stack.listener(session_id, "es")

    refusals = [
        stack.connect().send("joinSession", sessionId=session_id, targetLanguage="de"),
        stack.connect().send(
            "refreshConnection", sessionId=session_id, role="listener", targetLanguage="en"
        ),
        listener.send("changeLanguage", targetLanguage="de"),
        speaker.send("broadcast", data=1, targetLanguage="de"),
    ]

    for refused in refusals:
        assert (refused["status"], refused["code"]) == (400, "INVALID_MESSAGE")
        problem = "is not a language of this session, which has es, fr"
        assert refused["details"] == [{"field": "targetLanguage", "problem": problem}]
    assert listener.send("changeLanguage", targetLanguage="fr")["type"] == "languageChanged"
    assert speaker.send("broadcast", data=1, targetLanguage="fr")["seq"] == 1
    assert speaker.send("broadcast", data=1)["seq"] == 1
    assert stack.counts(session_id) == (1, {"fr": 1})


@pytest.mark.parametrize("languages", [[], ["ES"], "es", ["es"] * 101, [1]])
def test_languages_that_are_none_are_400(stack: Stack, languages: object) -> None:
    refused = stack.speaker().send("createSession", sourceLanguage="en", languages=languages)

    assert refused["code"] == "INVALID_MESSAGE"
    assert refused["details"][0]["field"] == "languages"
