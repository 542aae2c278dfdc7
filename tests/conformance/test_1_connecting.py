"""PROTOCOL 1: who may connect, with what, and how a handshake is refused."""

import pytest

from tests.conformance.raw import RawClient, Refused
from tests.conformance.stack import Stack

UNKNOWN = "golden-nobody-000"


async def test_a_listener_may_be_anonymous_and_is_the_default_role(stack: Stack) -> None:
    client = await stack.connect()
    assert (await client.ask("createSession", sourceLanguage="en"))["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("role", "query"),
    [
        ("pilot", {}),
        ("speaker", {"action": "dance"}),
        ("speaker", {"action": "broadcast", "data": "1"}),
        ("speaker", {"action": "createSession"}),
        ("speaker", {"action": "createSession", "sourceLanguage": "English"}),
        ("speaker", {"action": "createSession", "sourceLanguage": "en", "qualityTier": "gold"}),
        ("listener", {"action": "joinSession", "targetLanguage": "es"}),
        ("listener", {"action": "joinSession", "sessionId": UNKNOWN}),
        ("listener", {"action": "joinSession", "sessionId": "1", "targetLanguage": "es"}),
        ("listener", {"action": "joinSession", "sessionId": UNKNOWN, "targetLanguage": "ES"}),
        ("listener", {"action": "refreshConnection", "targetLanguage": "es"}),
        ("listener", {"action": "refreshConnection", "sessionId": UNKNOWN}),
        ("speaker", {"action": "refreshConnection", "sessionId": "Golden Eagle"}),
    ],
)
async def test_what_is_unknown_missing_or_malformed_is_refused_with_400(
    stack: Stack, role: str, query: dict[str, str]
) -> None:
    token = await stack.token() if role == "speaker" else None
    assert (await stack.refusal(token, role=role, **query)).status == 400


async def test_a_speaker_without_a_token_is_refused_with_401(stack: Stack) -> None:
    assert (await stack.refusal(role="speaker")).status == 401
    query = {"role": "speaker", "action": "createSession", "sourceLanguage": "en"}
    assert (await stack.refusal(None, **query)).status == 401


@pytest.mark.parametrize("role", ["speaker", "listener"])
async def test_a_token_that_is_not_valid_is_refused_with_401_for_every_role(
    stack: Stack, role: str
) -> None:
    good = await stack.token()
    head, body, signature = good.split(".")
    other = ("A" if signature[5] != "A" else "B").join((signature[:5], signature[6:]))
    for bad in ("nonsense", "a.b.c", f"{head}.{body}.", f"{head}.{body}.{other}"):
        assert (await stack.refusal(bad, role=role)).status == 401, bad


@pytest.mark.parametrize("role", ["speaker", "listener"])
async def test_an_expired_token_is_refused_with_401(stack: Stack, role: str) -> None:
    await stack.advance(0)
    token = await stack.token(ttl=60)
    await stack.advance(61)
    assert (await stack.refusal(token, role=role)).status == 401


async def test_a_token_may_come_in_the_header_the_subprotocols_or_the_query(stack: Stack) -> None:
    token = await stack.token()
    by_header = await stack.open({"Authorization": f"Bearer {token}"}, (), role="speaker")
    by_protocol = await stack.open({}, ("lectern.v1", f"bearer.{token}"), role="speaker")
    by_query = await stack.open({}, (), role="speaker", token=token)
    for client in (by_header, by_protocol, by_query):
        created = await client.done("createSession", sourceLanguage="en")
        assert created["type"] == "sessionCreated"
    assert by_protocol.subprotocol == "lectern.v1"


@pytest.mark.parametrize("other", ["the same", "another"])
@pytest.mark.parametrize("places", ["header query", "header subprotocol", "subprotocol query"])
async def test_more_than_one_token_is_refused_with_400(
    stack: Stack, places: str, other: str
) -> None:
    first = await stack.token()
    tokens = iter((first, first if other == "the same" else "nonsense"))
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    subprotocols: tuple[str, ...] = ()
    if "header" in places:
        headers = {"Authorization": f"Bearer {next(tokens)}"}
    if "subprotocol" in places:
        subprotocols = ("lectern.v1", f"bearer.{next(tokens)}")
    if "query" in places:
        query = {"token": next(tokens)}
    with pytest.raises(Refused) as refused:
        await stack.open(headers, subprotocols, **query)
    assert refused.value.status == 400


@pytest.mark.parametrize("name", ["Authorization", "Sec-WebSocket-Protocol"])
async def test_two_tokens_in_two_lines_of_a_header_are_refused_with_400(
    stack: Stack, name: str
) -> None:
    token = await stack.token()
    value = f"Bearer {token}" if name == "Authorization" else f"bearer.{token}"
    with pytest.raises(Refused) as refused:
        await stack.open([(name, value), (name, value)], ())
    assert refused.value.status == 400


async def test_the_lines_of_a_header_are_one_list(stack: Stack) -> None:
    line = {"Sec-WebSocket-Protocol": f"bearer.{await stack.token()}"}
    client = await stack.open(line, ("lectern.v1",), role="speaker")
    assert (await client.done("createSession", sourceLanguage="en"))["type"] == "sessionCreated"


@pytest.mark.parametrize(
    "query",
    ["role=listener&role=listener", "role=listener&role=speaker", "token=&token=", "x=1&x=1"],
)
async def test_a_repeated_parameter_is_refused_with_400(stack: Stack, query: str) -> None:
    with pytest.raises(Refused) as refused:
        await RawClient.open(f"{stack.url}?{query}")
    assert refused.value.status == 400


async def test_the_subprotocol_is_answered_to_an_anonymous_listener_too(stack: Stack) -> None:
    client = await stack.open({}, ("lectern.v1",))
    assert client.subprotocol == "lectern.v1"


async def test_a_listener_asking_for_a_speakers_action_is_refused_with_403(stack: Stack) -> None:
    query = {"role": "listener", "action": "createSession", "sourceLanguage": "en"}
    assert (await stack.refusal(await stack.token(), **query)).status == 403


async def test_another_speakers_session_is_refused_with_403(stack: Stack) -> None:
    _, session = await stack.session("ana")
    query = {"role": "speaker", "action": "refreshConnection", "sessionId": session}
    assert (await stack.refusal(await stack.token("eve"), **query)).status == 403


async def test_another_tenants_session_is_refused_like_one_that_is_not_there(stack: Stack) -> None:
    _, session = await stack.session("ana")
    stranger = await stack.token("ana", "other")
    refresh = {"role": "speaker", "action": "refreshConnection", "sessionId": session}
    assert (await stack.refusal(stranger, **refresh)).status == 404
    join = {"action": "joinSession", "sessionId": session, "targetLanguage": "es"}
    assert (await stack.refusal(stranger, **join)).status == 404


async def test_a_session_that_is_not_there_or_ended_is_refused_with_404(stack: Stack) -> None:
    speaker, ended = await stack.session()
    await speaker.done("endSession")
    for session in (UNKNOWN, ended):
        join = {"action": "joinSession", "sessionId": session, "targetLanguage": "es"}
        assert (await stack.refusal(**join)).status == 404
        refresh = {"role": "speaker", "action": "refreshConnection", "sessionId": session}
        assert (await stack.refusal(await stack.token(), **refresh)).status == 404


async def test_what_the_stack_depends_on_being_down_is_503(stack: Stack) -> None:
    _, session = await stack.session()
    await stack.fault(target="dynamodb", fault="error", rate=1)
    join = {"action": "joinSession", "sessionId": session, "targetLanguage": "es"}
    refused = await stack.refusal(**join)
    await stack.end_faults()
    assert refused.status == 503
    await stack.listener(session)


async def test_createsession_in_the_url_answers_by_itself(stack: Stack) -> None:
    query = {"role": "speaker", "action": "createSession", "sourceLanguage": "en"}
    client = await stack.connect(await stack.token(), **query, qualityTier="premium")
    created = await client.next("sessionCreated")
    assert (created["sourceLanguage"], created["qualityTier"]) == ("en", "premium")
    assert (await client.done("getSessionStatus"))["sessionId"] == created["sessionId"]


async def test_joinsession_in_the_url_answers_by_itself(stack: Stack) -> None:
    speaker, session = await stack.session()
    query = {"action": "joinSession", "sessionId": session, "targetLanguage": "es"}
    listener = await stack.connect(**query)
    joined = await listener.next("sessionJoined")
    assert (joined["sessionId"], joined["targetLanguage"]) == (session, "es")
    assert await stack.count(speaker) == 1
    await speaker.done("broadcast", data="hola", targetLanguage="es")
    assert (await listener.next("broadcast"))["data"] == "hola"


async def test_refreshconnection_in_the_url_answers_by_itself(stack: Stack) -> None:
    _, session = await stack.session()
    query = {"role": "speaker", "action": "refreshConnection", "sessionId": session}
    fresh = await stack.connect(await stack.token(), **query)
    complete = await fresh.next("connectionRefreshComplete")
    assert (complete["sessionId"], complete["role"]) == (session, "speaker")
    await fresh.done("broadcast", data=1)


async def test_a_refused_action_in_the_url_leaves_nothing_behind(stack: Stack) -> None:
    before = len((await stack.state())["connections"])
    query = {"action": "joinSession", "sessionId": UNKNOWN, "targetLanguage": "es"}
    await stack.refusal(**query)
    assert len((await stack.state())["connections"]) <= before
