"""The tool, command by command: its output and exit codes."""

import json
from typing import Any

import pytest

from operate.rates import snapshot
from tests.operator.serving import Run
from tests.running import Lectern
from tests.stack import Stack


def test_sessions_are_listed_as_a_table_and_as_json(stack: Stack, run: Run) -> None:
    _, session_id = stack.session("anna", "acme")
    stack.listener(session_id, "es")
    over, over_id = stack.session("berta", "acme")
    over.send("endSession")

    code, table, _ = run("sessions")
    _, lines, _ = run("sessions", "--json")
    _, everything, _ = run("sessions", "--tenant", "acme", "--all", "--json")

    assert code == 0
    (row,) = [line.split() for line in table.splitlines() if session_id in line]
    assert row == [session_id, "acme", "anna", "live", "1", "es", "1", "0"]
    assert [json.loads(line)["sessionId"] for line in lines.splitlines()] == [session_id]
    found = {json.loads(line)["sessionId"] for line in everything.splitlines()}
    assert found == {session_id, over_id}


def test_a_session_is_shown_with_its_connections(stack: Stack, run: Run) -> None:
    speaker, session_id = stack.session("anna", "acme")
    speaker.send("pauseBroadcast")
    listener = stack.listener(session_id, "pt-BR")

    code, shown, _ = run("session", session_id)
    _, line, _ = run("session", session_id, "--json")

    assert code == 0
    for text in ("anna, speaks en", "paused", "pt-BR 1", "isPaused, volume 1.0"):
        assert text in shown
    for client in (speaker, listener):
        assert stack.services.hasher.connection(client.connection_id) in shown
    assert [each["role"] for each in json.loads(line)["connections"]] == ["speaker", "listener"]


def test_an_ended_session_shows_its_reason(stack: Stack, run: Run) -> None:
    _, session_id = stack.session()
    run("end", session_id, "--yes")

    _, shown, _ = run("session", session_id)

    assert "endedByOperator" in shown


@pytest.mark.parametrize(
    ("arguments", "data"), [(["Hola"], {"text": "Hola"}), (["--data", "[1, null]"], [1, None])]
)
def test_a_broadcast_reaches_the_listeners_of_its_language(
    stack: Stack, run: Run, arguments: list[str], data: object
) -> None:
    _, session_id = stack.session()
    spanish, french = stack.listener(session_id, "es"), stack.listener(session_id, "fr")

    code, output, _ = run("broadcast", session_id, *arguments, "--language", "es")

    assert (code, output) == (0, "sent as number 1 of stream es to 1 listeners\n")
    assert [each["data"] for each in spanish.of_type("broadcast")] == [data]
    assert french.of_type("broadcast") == []


def test_a_message_reaches_a_tenant(stack: Stack, run: Run) -> None:
    speaker, _ = stack.session("anna", "acme")

    code, output, _ = run("tell", "acme", "maintenance at noon")

    assert (code, output) == (0, "sent to 1 connections of acme\n")
    assert [each["data"] for each in speaker.of_type("tenantMessage")] == [
        {"text": "maintenance at noon"}
    ]


def test_ending_several_continues_after_one_that_does_not_exist(stack: Stack, run: Run) -> None:
    _, first = stack.session("anna")
    _, second = stack.session("berta")

    code, output, errors = run("end", first, "golden-eagle-427", second, "--yes")

    assert code == 1
    assert output.count("endedByOperator") == 2
    assert "there is no session golden-eagle-427" in errors


def test_a_user_is_removed(stack: Stack, run: Run) -> None:
    client = stack.connect(f"token={stack.token('a/b|c')}")

    code, output, _ = run("kick", "a/b|c", "--yes")

    assert (code, output.startswith("closed 1 connections of a/b|c; ")) == (0, True)
    assert client.item is None


def test_health_exits_with_1_if_something_is_down(stack: Stack, run: Run) -> None:
    good, table, _ = run("health")
    stack.jobs.broken = True
    bad, worse, _ = run("health")
    _, line, _ = run("health", "--json")

    assert (good, bad) == (0, 1)
    assert ("down" in table, "down" in worse) == (False, True)
    assert json.loads(line)["ok"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["session", "golden-eagle-427"], 1, "operate sessions"),
        (["session", "nobody"], 1, "sessionId"),
        (["sessions", "--all"], 2, "--tenant"),
        (["broadcast", "golden-eagle-427"], 2, "--data"),
        (["broadcast", "golden-eagle-427", "--data", "{"], 2, "not JSON"),
        (["kick", "anna"], 2, "--yes"),
        (["tail", "--level", "LOUD"], 2, "WARNING"),
        (["no-such-command"], 2, "No such command"),
        (["--url", "ftp://x", "health"], 2, "--url"),
        (["--url", "http://example.com", "health"], 2, "https"),
        (["--url", "http://127.0.0.1:9", "health"], 3, "make run"),
        (["tail", "--sandbox", "http://127.0.0.1:9"], 3, "make run"),
    ],
)
@pytest.mark.usefixtures("stack")
def test_a_failure_prints_advice_and_has_an_exit_code(
    run: Run, arguments: list[str], code: int, message: str
) -> None:
    ended, out, errors = run(*arguments)

    assert (ended, out) == (code, "")
    assert message in errors
    assert "Traceback" not in errors


def test_another_server_is_not_mistaken_for_the_operator_api(lectern: Lectern, run: Run) -> None:
    code, _, errors = run("--url", f"http://127.0.0.1:{lectern.sandbox.port}", "health")

    assert code == 3
    assert "not in the form of the operator API" in errors


def test_rates_are_per_minute_and_count_new_sessions_from_their_start() -> None:
    def session(name: str, joins: int, broadcasts: int) -> dict[str, Any]:
        return {
            "sessionId": name,
            "listenerCount": joins,
            "joins": joins,
            "languages": {"es": joins},
            "streams": {"*": broadcasts},
        }

    first = snapshot([session("a", 10, 100)], 50.0, None)
    second = snapshot([session("a", 13, 104), session("b", 20, 1)], 80.0, first)

    assert first.plain()["joinsPerMinute"] is None
    assert [row.session["sessionId"] for row in second.rows] == ["b", "a"]
    assert [(row.joins, row.broadcasts) for row in second.rows] == [(40.0, 2.0), (6.0, 8.0)]
    assert second.plain() == {
        "sessions": 2,
        "listeners": 33,
        "languages": {"es": 33},
        "joinsPerMinute": 46.0,
        "broadcastsPerMinute": 10.0,
    }
