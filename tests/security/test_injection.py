"""Names that are more than names: expressions, keys of other items, connection ids, log lines."""

import json
from typing import Any

import pytest

from tests.security.watched import Watched
from tests.stack import Client, Refused

EXPRESSIONS = [
    "#isActive",
    ":true",
    "attribute_exists(sessionId)",
    "a.b",
    "languageCounts.es",
    "es[0]",
    "es, #listenerCount = :zero",
    "es REMOVE #isActive",
    "' OR '1'='1",
    '{"S":"golden-eagle-427"}',
    '{"$ne":null}',
    "*",
    "../sessions",
    "golden-eagle-427#*",
    "golden-eagle-427\x00",
    "golden-eagle-427\n",
    "golden-eagle-427 ",
    "%67olden-eagle-427",
    "GOLDEN-EAGLE-427",
    "golden‐eagle‐427",  # noqa: RUF001 - hyphens of Unicode
    "golden-eagle-４２７",  # noqa: RUF001 - digits of Unicode
    "${jndi:ldap://127.0.0.1/a}",
    "{{7*7}}",
    "es\u202e",
    "__proto__",
]
CONTROL = "x\r\n\x00\x1b[31m\u2028\u202e\x85\x7f"


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_is_no_session_language_stream_or_topic(watched: Watched, text: str) -> None:
    speaker, session_id = watched.session()
    listener, nobody = watched.listener(session_id), watched.connect()
    attempts: list[tuple[Client, str, dict[str, Any]]] = [
        (nobody, "joinSession", {"sessionId": text, "targetLanguage": "es"}),
        (nobody, "joinSession", {"sessionId": session_id, "targetLanguage": text}),
        (nobody, "refreshConnection", {"sessionId": text, "role": "listener"}),
        (nobody, "refreshConnection", {"sessionId": session_id, "role": text}),
        (listener, "changeLanguage", {"targetLanguage": text}),
        (listener, "subscribe", {"topic": f"{text} "}),
        (speaker, "createSession", {"sourceLanguage": text}),
        (speaker, "createSession", {"sourceLanguage": "en", "qualityTier": text}),
        (speaker, "broadcast", {"targetLanguage": text, "data": 1}),
    ]
    if text != "*":
        attempts.append((listener, "recover", {"lastSeq": {text: 0}}))

    for client, action, fields in attempts:
        with watched.changes() as changed:
            reply = client.send(action, **fields)
        assert (reply["type"], reply["status"]) == ("error", 400), (action, fields, reply)
        assert changed == [], (action, fields)
    assert watched.failures() == []


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("field", ["sessionId", "targetLanguage", "role", "action", "lastSeq"])
def test_nor_in_the_url(watched: Watched, field: str, text: str) -> None:
    _, session_id = watched.session()
    good = {"action": "joinSession", "sessionId": session_id, "targetLanguage": "es"}
    query = {"role": "listener", **good, field: text}

    with watched.changes() as changed, pytest.raises(Refused) as refused:
        watched.connect_with(query)

    assert refused.value.status == 400
    assert [each for each in changed if "sessions" in each] == []
    assert watched.items("connections") == [watched.clients[0].item]


def test_a_topic_of_one_session_is_no_key_to_another(watched: Watched) -> None:
    """A topic's key is the session and the topic, joined by `#`: no topic has one."""
    _, ours = watched.session("anna")
    _, theirs = watched.session("bela")
    here, there = watched.listener(ours), watched.listener(theirs)
    there.send("subscribe", topic="questions")

    for topic in ("questions", f"{theirs}.questions", "..", "-", "_", "x" * 64):
        here.send("subscribe", topic=topic)
        assert here.send("publish", topic=topic, data=1)["recipients"] == 1
    for topic in (f"{theirs}#questions", "#", f"../{theirs}#questions", "a/b", "a#b"):
        assert here.send("publish", topic=topic, data=1)["code"] == "INVALID_MESSAGE"

    assert there.received == []


@pytest.mark.parametrize("inject", ["connectionId", "connectionID", "requestContext", "supersedes"])
def test_a_connection_id_in_a_message_or_a_url_is_nobodys(watched: Watched, inject: str) -> None:
    victim, session_id = watched.session()
    where: dict[str, Any] = {"connectionId": victim.connection_id}
    value = where if inject == "requestContext" else victim.connection_id
    before = victim.item

    headers = {f"x-amzn-apigateway-{inject}": victim.connection_id, inject: victim.connection_id}
    attacker = watched.connect(f"{inject}={victim.connection_id}", headers=headers)
    replies = [
        attacker.send(action, **{inject: value})
        for action in ("heartbeat", "endSession", "getSessionStatus", "pauseBroadcast")
    ]

    assert [reply["type"] for reply in replies] == ["heartbeatAck", "error", "error", "error"]
    assert victim.item == before
    assert watched.session_item(session_id)["speakerConnectionId"] == victim.connection_id
    assert victim.connection_id not in json.dumps(replies)


def test_control_characters_make_no_line_and_no_colour_in_the_log(watched: Watched) -> None:
    speaker, session_id = watched.session()
    listener = watched.listener(session_id)
    for client in (speaker, listener):
        for field in ("action", "id", "request", "topic", "requestId", "sessionId"):
            fields = {"action": "submitRequest", "request": "x", field: CONTROL}
            client.send_text(json.dumps(fields, ensure_ascii=False))
    with pytest.raises(Refused):
        watched.connect_with({"role": CONTROL})
    with pytest.raises(Refused):
        watched.connect_with({"role": "speaker"}, {"Authorization": f"Bearer {CONTROL}"})

    for line in watched.lines:
        assert line.isprintable()
        assert CONTROL[:1] + "\r" not in json.dumps(json.loads(line), ensure_ascii=False)
    assert watched.failures() == []
