"""Each forged token, in each place where a token may be, over real sockets: nobody comes in.

What `tests/chalicelib/identity` shows of the verifier, shown of the stack.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.running import PATIENCE, Lectern
from tests.security import forged

Handshake = dict[str, Any]


def places(token: str) -> Iterator[tuple[str, Handshake]]:
    """Yield a query and options of `connect`, for each place that a token may be in."""
    yield f"token={quote(token)}", {}
    yield "", {"additional_headers": {"Authorization": f"Bearer {token}"}}
    if token and token.isascii():
        yield "", {"subprotocols": [Subprotocol("lectern.v1"), Subprotocol(f"bearer.{token}")]}


@pytest.fixture
def bad(lectern: Lectern) -> dict[str, str]:
    """Forged tokens for this stack, by what is wrong with them."""
    secret = lectern.environ["JWT_SECRET"]
    return dict(forged.tokens(secret, lectern.sandbox.clock() // 1000))


def test_no_forged_token_opens_a_socket(lectern: Lectern, bad: dict[str, str]) -> None:
    let_in = []
    for name, token in bad.items():
        for query, options in places(token):
            for role in ("speaker", "listener"):
                status = _status(f"{lectern.url}?role={role}&{query}", options)
                if status != 401:
                    let_in.append((name, role, query[:6], status))

    assert let_in == []
    assert lectern.call("GET", "/_sandbox/state")["connections"] == []


def test_no_forged_token_renews_a_socket(lectern: Lectern, bad: dict[str, str]) -> None:
    with connect(f"{lectern.url}?role=speaker&token={lectern.token()}") as speaker:
        before = lectern.call("GET", "/_sandbox/state")["connections"]
        taken = []
        for name, token in bad.items():
            speaker.send(json.dumps({"action": "authenticate", "token": token}))
            reply = json.loads(speaker.recv(PATIENCE))
            if reply.get("status") not in (400, 401, 413):
                taken.append((name, reply))
        after = lectern.call("GET", "/_sandbox/state")["connections"]

    assert taken == []
    assert [each["tokenExpiresAt"] for each in after] == [each["tokenExpiresAt"] for each in before]


@pytest.mark.parametrize("other", [("eve", None), ("anna", "globex")])
def test_a_good_token_of_somebody_else_changes_nobodys_name(
    lectern: Lectern, other: tuple[str, str | None]
) -> None:
    with connect(f"{lectern.url}?role=speaker&token={lectern.token('anna')}") as speaker:
        speaker.send(json.dumps({"action": "authenticate", "token": lectern.token(*other)}))

        assert json.loads(speaker.recv(PATIENCE))["code"] == "FORBIDDEN"
        [item] = lectern.call("GET", "/_sandbox/state")["connections"]
        assert (item["userId"], item["tenantId"]) == ("anna", "default")


def _status(url: str, options: Handshake) -> int:
    try:
        with connect(url, open_timeout=PATIENCE, **options):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
