"""JSON that is too much: too large, too deep, numbers that no table and no clock can hold.

What is refused changes nothing; what is passed on is passed on as it came, or not at all.
"""

from collections.abc import Callable
from functools import partial

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.running import PATIENCE, Lectern
from tests.security.watched import Watched
from tests.stack import Refused

NUMBERS = (
    *("1e400", "-1e400", "NaN", "Infinity", "-Infinity", "1e-400", "9" * 400, "-" + "9" * 400),
    *("9" * 3000, "18446744073709551616", "9007199254740993", "1.7976931348623157e308"),
    *("0." + "1" * 2000, "5e-324", "-0", "-0.0", "0x10", "1_000", "٣", "true", '"1"', "[1]"),
)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:20])
def test_a_number_in_any_field_of_a_message(watched: Watched, number: str) -> None:
    speaker, session_id = watched.session()
    listener = watched.listener(session_id)
    frames = [
        (listener, f'{{"action":"recover","lastSeq":{{"*":{number}}}}}'),
        (listener, f'{{"action":"heartbeat","wantSeq":{number}}}'),
        (listener, f'{{"action":"heartbeat","id":{number}}}'),
        (listener, f'{{"action":"heartbeat","more":{number}}}'),
        (listener, f'{{"action":"publish","topic":"a","data":{number}}}'),
        (listener, f'{{"action":{number}}}'),
        (speaker, f'{{"action":"setVolume","volume":{number}}}'),
        (speaker, f'{{"action":"broadcast","data":{number}}}'),
        (speaker, f'{{"action":"submitRequest","request":"sessionReport","params":{number}}}'),
        (speaker, f'{{"action":"submitRequest","request":"x","params":{{"n":{number}}}}}'),
    ]
    for client, frame in frames:
        reply = client.send_text(frame)
        assert reply["type"] != "error" or 400 <= reply["status"] < 500, (frame, reply)
    watched.run_jobs()

    assert watched.failures() == []
    assert 0 <= watched.session_item(session_id)["broadcastState"]["volume"] <= 1
    assert watched.counts(session_id) == (1, {"es": 1})


@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:20])
def test_a_number_in_the_url(watched: Watched, number: str) -> None:
    _, session_id = watched.session()
    query = {"action": "joinSession", "sessionId": session_id, "targetLanguage": "es"}

    outcomes = [
        _status(partial(watched.connect_with, {**query, "lastSeq": text}))
        for text in (number, f'{{"*":{number}}}', f"[{number}]")
    ]

    assert set(outcomes) <= {200, 400}
    assert watched.failures() == []


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("depth", [100, 1_000, 10_000, 25_000])
def test_nesting_of_any_depth(watched: Watched, opening: str, depth: int) -> None:
    speaker, session_id = watched.session()
    listener = watched.listener(session_id)
    closing = "".join({"[": "]", "{": "}"}[each] for each in reversed(opening) if each in "[{")
    deep = opening * depth + "1" + closing * depth

    for field in ("data", "lastSeq", "params", "more", "id", "action"):
        frame = f'{{"action":"broadcast","{field}":{deep}}}'
        for client in (speaker, listener):
            reply = client.send_text(frame)
            assert (reply["status"], reply["code"]) == (400, "INVALID_JSON")

    assert watched.failures() == []


def test_what_is_passed_on_is_passed_on_as_it_came(watched: Watched) -> None:
    """`data` is the speaker's: nobody computes with its numbers, so nobody rounds them."""
    speaker, session_id = watched.session()
    listener = watched.listener(session_id)
    data = {"n": 9007199254740993, "text": "\u202e</script>", "deep": [[[[]]]]}

    speaker.send("broadcast", data=data)

    assert listener.of_type("broadcast")[0]["data"] == data


@pytest.mark.parametrize("fragments", [1, 8])
def test_a_message_over_128_kb_ends_its_own_socket_only(lectern: Lectern, fragments: int) -> None:
    piece = "x" * (144 * 1024 // fragments)
    with connect(lectern.url) as big, connect(lectern.url) as other:
        with pytest.raises(ConnectionClosed) as closed:
            _send_and_wait(big, [piece] * fragments)

        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        other.send('{"action":"heartbeat"}')
        assert "heartbeatAck" in other.recv(PATIENCE)


def _send_and_wait(client: ClientConnection, pieces: list[str]) -> None:
    client.send(pieces)
    client.recv(PATIENCE)


def _status(handshake: Callable[[], object]) -> int:
    try:
        handshake()
    except Refused as refused:
        return refused.status
    return 200
