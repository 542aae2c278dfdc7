"""Operators read sessions, connections and health."""

import pytest

from chalicelib.stores.session_items import SHARDS
from tests.aws import Aws
from tests.crowd import crowd
from tests.operator.serving import Api
from tests.stack import Stack


def test_a_session_is_shown_with_its_counts_languages_and_streams(stack: Stack, api: Api) -> None:
    speaker, session_id = stack.session("anna", "acme")
    stack.listener(session_id, "es")
    stack.listener(session_id, "fr")
    speaker.send("broadcast", data="hola", targetLanguage="es")
    stack.clock.advance(61)

    shown = api.get(f"/v1/sessions/{session_id}")

    assert shown | {"broadcastState": None} == {
        "sessionId": session_id,
        "tenantId": "acme",
        "speakerUserId": "anna",
        "speakerConnected": True,
        "sourceLanguage": "en",
        "qualityTier": "standard",
        "isActive": True,
        "createdAt": stack.clock.now - 61_000,
        "expiresAt": stack.clock.now - 61_000 + 7_200_000,
        "duration": 61,
        "listenerCount": 2,
        "joins": 2,
        "languages": {"es": 1, "fr": 1},
        "streams": {"es": 1},
        "broadcastState": None,
        "stateVersion": 1,
    }
    assert shown["broadcastState"]["isPaused"] is False


def test_a_session_that_waits_for_its_speaker_says_so(stack: Stack, api: Api) -> None:
    speaker, session_id = stack.session()
    speaker.close(1006)

    assert api.get(f"/v1/sessions/{session_id}")["speakerConnected"] is False


def test_active_sessions_of_all_tenants_come_in_pages(stack: Stack, api: Api) -> None:
    ids = {stack.session(f"user-{n}", f"tenant-{n % 3}")[1] for n in range(SHARDS)}
    over, over_id = stack.session("zoe")
    over.send("endSession")

    pages, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/v1/sessions?limit=5{cursor and '&cursor=' + cursor}")
        pages.append([each["sessionId"] for each in page["sessions"]])
        cursor = page.get("cursor")

    found = [each for page in pages for each in page]
    assert sorted(found) == sorted(ids)
    assert over_id not in found
    assert all(len(page) <= 5 for page in pages)
    assert len(pages) <= 5


def test_a_tenants_sessions_include_ended_ones_by_default(stack: Stack, api: Api) -> None:
    over, over_id = stack.session("anna", "a/b c|ü")
    over.send("endSession")
    stack.clock.advance(1)
    _, active_id = stack.session("berta", "a/b c|ü")
    stack.session("carl", "other")
    path = "/v1/tenants/a%2Fb%20c%7C%C3%BC/sessions"

    everything = api.get(path)["sessions"]
    active = api.get(f"{path}?active=true")["sessions"]

    assert [each["sessionId"] for each in everything] == [active_id, over_id]
    assert everything[1]["endReason"] == "endedBySpeaker"
    assert everything[1]["endedAt"] == stack.clock.now - 1000
    assert [each["sessionId"] for each in active] == [active_id]


def test_connections_of_a_session_are_named_by_their_hash(stack: Stack, api: Api) -> None:
    speaker, session_id = stack.session("anna")
    named = stack.connect(f"token={stack.token('carl')}")
    named.send("joinSession", sessionId=session_id, targetLanguage="fr")
    anonymous = stack.listener(session_id, "es")
    stack.clock.advance(40)
    anonymous.send("heartbeat")
    stack.clock.advance(5)

    shown = api.get(f"/v1/sessions/{session_id}/connections")["connections"]

    hashed = stack.services.hasher.connection
    started = stack.clock.now - 45_000
    silent = {"connectedAt": started, "age": 45, "lastActivityAt": started, "idle": 45}
    heard = silent | {"lastActivityAt": started + 40_000, "idle": 5}
    spanish = {"role": "listener", "targetLanguage": "es"}
    french = {"role": "listener", "targetLanguage": "fr", "userId": "carl"}
    assert shown == [
        {"connection": hashed(speaker.connection_id), "role": "speaker", "userId": "anna"} | silent,
        {"connection": hashed(anonymous.connection_id)} | spanish | heard,
        {"connection": hashed(named.connection_id)} | french | silent,
    ]


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_pages_of_connections_have_each_exactly_once(stack: Stack, api: Api, limit: int) -> None:
    speaker, session_id = stack.session("anna")
    clients = crowd(stack, session_id, 12, ("es", "fr"))
    path = f"/v1/sessions/{session_id}/connections?limit={limit}"

    found: list[str] = []
    page = api.get(path)
    while True:
        assert len(page["connections"]) <= limit
        found += [each["connection"] for each in page["connections"]]
        if "cursor" not in page:
            break
        page = api.get(f"{path}&cursor={page['cursor']}")

    hashed = stack.services.hasher.connection
    assert found[0] == hashed(speaker.connection_id)
    assert sorted(found) == sorted(hashed(each.connection_id) for each in [speaker, *clients])
    assert not any(each.connection_id in str(page) for each in [speaker, *clients])


def test_a_cursor_of_another_list_is_refused(stack: Stack, api: Api) -> None:
    _, first = stack.session("anna")
    _, second = stack.session("berta")
    crowd(stack, first, 3)
    cursor = api.get(f"/v1/sessions/{first}/connections?limit=1")["cursor"]

    replies = [
        api.ask("GET", f"{path}?cursor={cursor}")
        for path in (
            f"/v1/sessions/{second}/connections",
            "/v1/sessions",
            "/v1/tenants/default/sessions",
        )
    ]

    assert [each.status for each in replies] == [400] * 3
    assert {each.body["errors"][0]["field"] for each in replies} == {"cursor"}


@pytest.mark.usefixtures("stack")
def test_health_checks_every_dependency(api: Api) -> None:
    health = api.get("/v1/health")

    assert health["ok"] is True
    assert {each["name"] for each in health["checks"]} == {
        "table:sessions",
        "table:counts",
        "table:connections",
        "table:subscriptions",
        "table:requests",
        "table:history",
        "table:rate_limits",
        "queue:jobs",
        "api:management",
    }
    assert all(each["ok"] and each["latency"] >= 0 for each in health["checks"])


def test_health_is_503_and_names_what_cannot_be_reached(aws: Aws, api: Api) -> None:
    stack = Stack(aws, HISTORY_TABLE_NAME="no-such-table")
    stack.jobs.broken = True

    reply = api.ask("GET", "/v1/health")

    assert reply.status == 503
    failed = {each["name"]: each["problem"] for each in reply.body["checks"] if not each["ok"]}
    assert failed == {"table:history": "RequestRejected", "queue:jobs": "ServiceDown"}
    assert reply.body["ok"] is False
