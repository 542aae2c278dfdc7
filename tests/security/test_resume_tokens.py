"""Resume tokens in the wrong hands: forged, of another session, tenant, role or time, replayed.

A token speaks for whoever holds it, as its client must be able to come back from nowhere. What a
thief gains by one is bounded: one seat, of one session, which cannot be counted twice.
"""

import string

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.security.watched import Watched
from tests.stack import Client, Json

Held = tuple[str, str, Client]
BASE64URL = string.ascii_letters + string.digits + "-_"


def joined(stack: Watched, session_id: str, query: str = "") -> tuple[Client, str]:
    """Join a session. Return the listener and its resume token."""
    client = stack.connect(query)
    reply = client.send("joinSession", sessionId=session_id, targetLanguage="es")
    return client, reply["resumeToken"]


def used(client: Client, session_id: str, token: str, action: str = "refreshConnection") -> Json:
    """Use a resume token on a socket. Return the reply."""
    fields = {"sessionId": session_id, "targetLanguage": "es", "resumeToken": token}
    return client.send(action, role="listener", **fields)


@pytest.fixture
def held(watched: Watched) -> Held:
    """A session, the token of a listener of it, and somebody else's socket."""
    _, session_id = watched.session()
    _, token = joined(watched, session_id)
    return session_id, token, watched.connect()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(3, 150), put=st.text(BASE64URL, max_size=40), skip=st.integers(0, 40))
def test_no_altered_token_moves_anybody(
    watched: Watched, held: Held, cut: int, put: str, skip: int
) -> None:
    session_id, token, thief = held
    altered = token[:cut] + put + token[cut + skip :]
    assume(altered != token)

    for action in ("joinSession", "refreshConnection"):
        with watched.changes() as changed:
            reply = used(thief, session_id, altered, action)
        assert (reply["type"], reply["status"]) == ("error", 401)
        assert changed == []


@pytest.mark.parametrize("action", ["joinSession", "refreshConnection"])
def test_a_token_fits_its_own_session_tenant_and_user_only(watched: Watched, action: str) -> None:
    _, session_id = watched.session("anna", "acme")
    _, sibling = watched.session("bela", "acme")
    _, foreign = watched.session("anna", "globex")
    _, anonymous = joined(watched, session_id)
    _, carls = joined(watched, session_id, f"token={watched.token('carl', 'acme')}")
    before = watched.snapshot()["sessions"]

    refusals = [
        used(watched.connect(), sibling, anonymous, action),
        used(watched.connect(), foreign, anonymous, action),
        used(watched.connect(), session_id, carls, action),
        used(watched.connect(f"token={watched.token('eve', 'acme')}"), session_id, carls, action),
        used(watched.connect(f"token={watched.token('carl', 'globex')}"), foreign, carls, action),
        used(
            watched.connect(f"token={watched.token('carl', 'globex')}"), session_id, carls, action
        ),
    ]

    assert [reply.get("status") for reply in refusals] == [403] * 5 + [404]
    assert watched.snapshot()["sessions"] == before


def test_a_listeners_token_makes_nobody_a_speaker(watched: Watched) -> None:
    speaker, session_id = watched.session()
    _, token = joined(watched, session_id)
    eve = watched.speaker("eve")

    reply = eve.send("refreshConnection", sessionId=session_id, role="speaker", resumeToken=token)

    assert reply["status"] == 403
    assert watched.session_item(session_id)["speakerConnectionId"] == speaker.connection_id


def test_a_speakers_resume_token_is_worth_nothing_without_the_speakers_jwt(
    watched: Watched,
) -> None:
    speaker = watched.speaker("anna")
    reply = speaker.send("createSession", sourceLanguage="en")
    session_id, token = reply["sessionId"], reply["resumeToken"]

    for thief in (watched.connect(), watched.speaker("eve"), watched.speaker("anna", "globex")):
        role = (thief.item or {"role": ""})["role"]
        fields = {"sessionId": session_id, "targetLanguage": "es", "resumeToken": token}
        assert thief.send("refreshConnection", role=role, **fields)["type"] == "error"

    assert watched.session_item(session_id)["speakerConnectionId"] == speaker.connection_id
    assert watched.counts(session_id) == (0, {})


def test_a_token_that_is_replayed_moves_one_seat_and_is_never_counted_twice(
    watched: Watched,
) -> None:
    _, session_id = watched.session()
    owner, token = joined(watched, session_id)

    thieves = [watched.connect() for _ in range(5)]
    for thief in thieves:
        assert used(thief, session_id, token)["type"] == "connectionRefreshComplete"

    assert watched.counts(session_id) == (1, {"es": 1})
    # Who was there before hears it at once: its next message is refused, and the SDKs come back.
    assert owner.send("recover", lastSeq={"*": 0})["code"] == "FORBIDDEN"
    assert used(watched.connect(), session_id, token)["type"] == "connectionRefreshComplete"
    assert watched.counts(session_id) == (1, {"es": 1})


def test_a_token_of_a_session_that_has_ended_opens_nothing(watched: Watched) -> None:
    speaker, session_id = watched.session()
    _, token = joined(watched, session_id)
    speaker.send("endSession")

    for action in ("joinSession", "refreshConnection"):
        assert used(watched.connect(), session_id, token, action)["status"] == 404
