"""A removed user is disconnected, and stays out until there is a new token."""

import jwt
import pytest

from chalicelib.actions.operator import removal
from chalicelib.domain.types import Millis, TenantId, UserId
from tests.aws import Aws
from tests.crowd import crowd
from tests.operator.serving import Api, Reply
from tests.stack import Client, Refused, Stack

PATH = "/v1/tenants/default/users/{}/connections"


def token(stack: Stack, user: str = "carl", ttl: int = 3600, **claims: object) -> str:
    """Return a token like those of the sandbox and most issuers: with `iat`, unless it is None."""
    now = stack.clock.now // 1000
    full = {"sub": user, "iat": now, "exp": now + ttl} | claims
    kept = {name: value for name, value in full.items() if value is not None}
    return jwt.encode(kept, stack.environ["JWT_SECRET"], algorithm="HS256")


def remove(api: Api, user: str = "carl") -> Reply:
    return api.ask("DELETE", PATH.format(user))


def joined(stack: Stack, session_id: str, text: str) -> tuple[Client, str]:
    """Join as a listener with a token; return it and its resume token."""
    client = stack.connect(f"token={text}")
    reply = client.send("joinSession", sessionId=session_id, targetLanguage="es")
    return client, reply["resumeToken"]


def assert_withdrawn(refused: Refused) -> None:
    assert (refused.status, refused.body["code"]) == (401, "TOKEN_INVALID")
    assert "withdrawn" in refused.body["message"]


def test_a_removed_users_sockets_are_closed_and_no_longer_counted(stack: Stack, api: Api) -> None:
    _, session_id = stack.session()
    carl, _ = joined(stack, session_id, token(stack))
    bare = stack.connect(f"token={token(stack)}")
    others = [stack.listener(session_id), stack.connect(f"token={token(stack, 'dora')}")]

    reply = remove(api)

    assert reply.status == 200
    assert reply.body == {
        "tenantId": "default",
        "userId": "carl",
        "connections": 2,
        "refusedUntil": stack.clock.now + 86_400_000,
        "complete": True,
    }
    assert sorted(stack.sockets.closed) == sorted([carl.connection_id, bare.connection_id])
    assert (carl.item, bare.item) == (None, None)
    assert all(each.item is not None for each in others)
    assert stack.counts(session_id) == (1, {"es": 1})


def test_a_removed_user_cannot_return_with_any_earlier_token(stack: Stack, api: Api) -> None:
    _, session_id = stack.session()
    text, spare = token(stack), token(stack, ttl=7200)
    _, resume_token = joined(stack, session_id, text)
    remove(api)
    stack.clock.advance(600)

    for query in (
        f"token={text}",
        f"token={spare}&action=joinSession&sessionId={session_id}&targetLanguage=es",
        f"token={text}&action=refreshConnection&sessionId={session_id}&targetLanguage=es"
        f"&resumeToken={resume_token}",
        f"role=speaker&token={spare}&action=createSession&sourceLanguage=en",
    ):
        with pytest.raises(Refused) as refused:
            stack.connect(query)
        assert_withdrawn(refused.value)
    anonymous = stack.connect()
    stolen = anonymous.send(
        "joinSession", sessionId=session_id, targetLanguage="es", resumeToken=resume_token
    )
    assert stolen["status"] == 403
    assert stack.counts(session_id) == (0, {})


def test_a_removed_user_returns_with_a_new_token(stack: Stack, api: Api) -> None:
    _, session_id = stack.session()
    remove(api)
    stack.clock.advance(1)

    client, _ = joined(stack, session_id, token(stack))
    stack.clock.advance(60)
    stack.run_jobs()

    assert client.item is not None
    assert stack.counts(session_id) == (1, {"es": 1})


@pytest.mark.parametrize("issued", [None, "yesterday"])
def test_a_token_without_iat_is_refused_for_the_longest_lifetime(
    stack: Stack, api: Api, issued: object
) -> None:
    remove(api)
    stack.clock.advance(86_400 - 1)
    with pytest.raises(Refused) as refused:
        stack.connect(f"token={token(stack, iat=issued)}")
    assert_withdrawn(refused.value)

    stack.clock.advance(2)
    stack.connect(f"token={token(stack, iat=issued)}")


def test_a_token_with_a_longer_lifetime_than_the_setting_is_refused_until_it_expires(
    aws: Aws, api: Api
) -> None:
    stack = Stack(aws, JWT_MAX_LIFETIME_HOURS="1")
    text = token(stack, ttl=10 * 3600)
    stack.connect(f"token={text}")

    until = remove(api).body["refusedUntil"]
    stack.clock.advance(10 * 3600 - 1)

    assert until == stack.clock.now + 1000
    with pytest.raises(Refused) as refused:
        stack.connect(f"token={text}")
    assert_withdrawn(refused.value)


def test_an_open_socket_cannot_be_renewed_with_an_earlier_token(stack: Stack, api: Api) -> None:
    """It connected with a token issued after the removal, and presents one from before."""
    old = token(stack, ttl=7200)
    remove(api)
    stack.clock.advance(1)
    client = stack.connect(f"token={token(stack)}")

    reply = client.send("authenticate", token=old)

    assert (reply["status"], reply["code"]) == (401, "TOKEN_INVALID")


def test_a_user_of_the_same_name_in_another_tenant_is_unaffected(stack: Stack, api: Api) -> None:
    namesake = stack.connect(f"token={token(stack, tenantId='acme')}")

    remove(api)

    assert namesake.item is not None
    stack.connect(f"token={token(stack, tenantId='acme')}")


def test_a_removed_speakers_session_ends_at_once(stack: Stack, api: Api) -> None:
    speaker, session_id = stack.session("carl")
    listener = stack.listener(session_id)

    remove(api)

    assert [each["reason"] for each in listener.of_type("sessionEnded")] == ["endedByOperator"]
    assert stack.session_item(session_id)["endReason"] == "endedByOperator"
    assert speaker.connection_id in stack.sockets.closed


def test_a_handshake_that_passed_the_check_before_the_removal_is_closed_later(
    stack: Stack, api: Api
) -> None:
    text = token(stack)
    services = stack.services
    user = services.hasher.user("default", "carl")
    remove(api)
    # As if the refusal had been read a moment earlier.
    key = {"bucket": {"S": f"removal:user:{user}:0"}}
    table = stack.aws.tables["rate_limits"]
    item = stack.database.call("GetItem", {"TableName": table, "Key": key})["Item"]
    stack.database.call("DeleteItem", {"TableName": table, "Key": key})
    late = stack.connect(f"token={text}")
    stack.database.call("PutItem", {"TableName": table, "Item": item})
    assert late.item is not None

    stack.advance(2)

    assert late.item is None
    assert late.connection_id in stack.sockets.closed


def test_a_job_removes_the_rest_when_time_runs_out(stack: Stack) -> None:
    _, session_id = stack.session()
    crowd(stack, session_id, 250)
    carls = [stack.connect(f"token={token(stack)}") for _ in range(3)]

    done = removal.remove(
        stack.services, TenantId("default"), UserId("carl"), remaining=lambda: 1.0
    )
    stack.run_jobs()

    assert done.complete is False
    assert [each.item for each in carls] == [None] * 3


def test_a_socket_that_is_already_closed_is_cleaned_up_too(stack: Stack, api: Api) -> None:
    client = stack.connect(f"token={token(stack)}")
    client.close(lost=True)

    reply = remove(api)

    assert (reply.status, reply.body["connections"]) == (200, 1)
    assert client.item is None


def test_a_second_removal_does_not_shorten_the_first(stack: Stack, api: Api) -> None:
    user = stack.services.hasher.user("default", "carl")
    far = Millis(stack.clock.now + 10**9)
    stack.services.removals.refuse(user, stack.clock.now, far)
    stack.clock.advance(5)

    remove(api)

    stack.clock.now = Millis(far - 1000)
    (since,) = stack.services.together(
        stack.services.removals.not_before_call(user, stack.clock.now)
    )
    assert since == far - 10**9 + 5000
