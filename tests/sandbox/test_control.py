"""The sandbox's endpoints (PROTOCOL 7)."""

import json
from typing import Any

import jwt

from tests.sandbox.conftest import RecordingStack


def test_a_token_has_the_requested_claims(stack: RecordingStack) -> None:
    status, answer = stack.call("GET", "/_sandbox/token?sub=anna&tenant=acme&ttl=60")

    claims = jwt.decode(
        answer["token"],
        stack.environ["JWT_SECRET"],
        algorithms=["HS256"],
        options={"verify_exp": False},
    )
    assert status == 200
    assert (claims["sub"], claims["tenantId"]) == ("anna", "acme")
    assert claims["exp"] - claims["iat"] == 60


def test_a_token_without_tenant_has_no_such_claim_and_lasts_a_day(stack: RecordingStack) -> None:
    _, answer = stack.call("GET", "/_sandbox/token?sub=anna")

    claims = jwt.decode(answer["token"], stack.environ["JWT_SECRET"], algorithms=["HS256"])
    assert "tenantId" not in claims
    assert claims["exp"] - claims["iat"] == 86_400


def test_a_tokens_times_are_those_of_the_stacks_clock(stack: RecordingStack) -> None:
    stack.call("POST", "/_sandbox/clock", json={"advance": 86_400})
    _, answer = stack.call("GET", "/_sandbox/token?sub=anna&ttl=60")

    payload = jwt.decode(answer["token"], options={"verify_signature": False})
    assert abs(payload["iat"] - stack.sandbox.clock() / 1000) < 60


def test_the_clock_moves_and_returns_the_new_time(stack: RecordingStack) -> None:
    before = stack.sandbox.clock()

    status, answer = stack.call("POST", "/_sandbox/clock", json={"advance": 90})

    assert status == 200
    assert answer["now"] >= before + 90_000
    assert stack.app.saw("every_minute")


def test_a_scheduled_function_runs_on_request(stack: RecordingStack) -> None:
    stack.app.answers["every_minute"] = lambda _: {"checked": 3}

    status, answer = stack.call("POST", "/_sandbox/schedules/every_minute")

    assert (status, answer) == (200, {"checked": 3})
    assert stack.app.saw("every_minute")["source"] == "aws.events"


def test_a_scheduled_function_that_raises_is_500(stack: RecordingStack) -> None:
    def fail(_: dict[str, Any]) -> None:
        raise RuntimeError("on purpose")

    stack.app.answers["every_minute"] = fail

    assert stack.call("POST", "/_sandbox/schedules/every_minute")[0] == 500


def test_the_state_is_every_item_as_plain_json(stack: RecordingStack) -> None:
    stack.put_session(
        "golden-eagle-427",
        broadcastState={"M": {"volume": {"N": "0.5"}, "isMuted": {"BOOL": False}}},
        names={"L": [{"S": "a"}, {"NULL": True}]},
    )

    _, state = stack.call("GET", "/_sandbox/state")

    assert state.keys() == {
        "sessions",
        "counts",
        "connections",
        "subscriptions",
        "requests",
        "history",
        "rate_limits",
    }
    assert state["sessions"] == [
        {
            "sessionId": "golden-eagle-427",
            "isActive": False,
            "listenerCount": 0,
            "languageCounts": {},
            "broadcastState": {"volume": 0.5, "isMuted": False},
            "names": ["a", None],
        }
    ]
    assert state["connections"] == []


def test_the_state_has_the_sums_of_a_sessions_counts(stack: RecordingStack) -> None:
    stack.put_session("golden-eagle-427")
    for shard, languages in enumerate([{"es": 2}, {"es": 1, "fr": 3}, {"fr": 0}]):
        stack.put_shard("golden-eagle-427", shard, languages)
    stack.put_shard("silver-heron-100", 0, {"de": 1})

    _, state = stack.call("GET", "/_sandbox/state")

    (session,) = state["sessions"]
    assert session["listenerCount"] == 6
    assert session["languageCounts"] == {"es": 3, "fr": 3}
    assert len(state["counts"]) == 4


def test_metrics_are_kept_and_other_lines_are_written(stack: RecordingStack) -> None:
    metric = {"_aws": {"CloudWatchMetrics": []}, "ActiveSessions": 1}
    stack.sandbox.take_line(json.dumps(metric))
    stack.sandbox.take_line('{"message":"hello"}')

    assert stack.call("GET", "/_sandbox/metrics") == (200, [metric])
    assert stack.lines == ['{"message":"hello"}']


def test_faults_are_added_shown_and_ended(stack: RecordingStack) -> None:
    fault = {"target": "management", "fault": "error", "rate": 0.5, "seed": 7}

    status, active = stack.call("POST", "/_sandbox/faults", json=fault)

    assert status == 200
    assert fault.items() <= active[0].items()
    assert stack.call("GET", "/_sandbox/faults")[1] == active
    assert stack.call("DELETE", "/_sandbox/faults") == (200, [])
    assert not stack.sandbox.faults.active


def test_the_console_is_served_at_the_root(stack: RecordingStack) -> None:
    answer = stack.page("/")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")


BAD: list[tuple[str, str, str | None, int]] = [
    ("GET", "/_sandbox/token", None, 400),
    ("GET", "/_sandbox/token?sub=a&ttl=soon", None, 400),
    ("GET", "/_sandbox/token?sub=a&ttl=99999999999", None, 400),
    ("POST", "/_sandbox/token?sub=a", None, 405),
    ("POST", "/_sandbox/clock", None, 400),
    ("POST", "/_sandbox/clock", "{", 400),
    ("POST", "/_sandbox/clock", "[" * 100_000, 400),
    ("POST", "/_sandbox/clock", "[]", 400),
    ("POST", "/_sandbox/clock", '{"advance": "1"}', 400),
    ("POST", "/_sandbox/clock", '{"advance": true}', 400),
    ("POST", "/_sandbox/clock", '{"advance": -1}', 400),
    ("POST", "/_sandbox/clock", '{"advance": 1e400}', 400),
    ("POST", "/_sandbox/clock", '{"advance": NaN}', 400),
    ("POST", "/_sandbox/schedules/nothing", None, 404),
    ("POST", "/_sandbox/schedules/jobs", None, 404),
    ("GET", "/_sandbox/schedules/every_minute", None, 405),
    ("POST", "/_sandbox/faults", "{}", 400),
    ("GET", "/_sandbox/nothing", None, 404),
    ("GET", "/_sandbox/state/more", None, 404),
    ("POST", "/", None, 405),
    ("POST", "/other/@connections/L0SM9cOFvHcCIhw=", None, 404),
    ("GET", "/nothing.html", None, 404),
    ("GET", "/../stack.py", None, 404),
    ("GET", "/%2e%2e/stack.py", None, 404),
    ("GET", "/..%2fstack.py", None, 404),
]


def test_bad_input_is_refused_with_a_reason(stack: RecordingStack) -> None:
    for method, path, body, status in BAD:
        answer = stack.call(method, path, body=body)

        assert answer[0] == status, (method, path)
        assert answer[1]["message"]
