"""Functions run from the zip that was applied, as on AWS."""

import json
from typing import Any

import pytest

from localcloud.errors import NoSuchFunctionError
from tests.localcloud.waiting import WAITS, begun
from tests.localcloud.world import World, eventually, zipped

ECHO = """
import os
count = 0
def handler(event, context):
    global count
    count += 1
    return {"event": event, "count": count, "pid": os.getpid()}
"""
NAME = "def handler(event, context):\n    return {!r}\n"


def test_an_instance_is_reused(world: World) -> None:
    world.function("echo", ECHO)

    first = world.call("echo", {"a": 1})
    second = world.call("echo", {"a": 2})

    assert first["event"] == {"a": 1}
    assert (second["count"], second["pid"]) == (2, first["pid"])


def test_events_at_once_have_an_instance_each(world: World, tmp_path: Any) -> None:
    world.function("waits", WAITS)
    running = [begun(world, "waits", tmp_path, str(number)) for number in range(2)]

    (tmp_path / "go").touch()

    assert running[0]() != running[1]()


def test_a_function_that_is_not_applied(world: World) -> None:
    with pytest.raises(NoSuchFunctionError):
        world.functions.invoke("nobody", {})


def test_a_handler_that_raises_lives_on(world: World) -> None:
    source = ECHO.replace(
        "    return", '    if event.get("bad"): raise ValueError("no")\n    return'
    )
    world.function("raises", source)

    answer = world.functions.invoke("raises", {"bad": True})

    payload = json.loads(answer.payload)
    assert (answer.error, payload["errorType"], payload["errorMessage"]) == (
        "Unhandled",
        "ValueError",
        "no",
    )
    assert payload["requestId"] == answer.request_id
    assert world.call("raises")["count"] == 2


def test_a_module_that_cannot_be_imported(world: World) -> None:
    world.function("broken", "import nothing_of_the_kind")

    answer = world.functions.invoke("broken", {})

    payload = json.loads(answer.payload)
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert "nothing_of_the_kind" in payload["errorMessage"]


def test_the_environment_is_the_applied_one_and_lambdas(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SANDBOX", "x")
    source = "import os\ndef handler(event, context):\n    return dict(os.environ)"
    world.function("env", source, Environment={"Variables": {"MINE": "1", "AWS_REGION": "no"}})

    given = world.call("env")

    assert (given["MINE"], given["AWS_REGION"]) == ("1", "us-east-1")
    assert given["AWS_LAMBDA_FUNCTION_NAME"] == "env"
    assert given["AWS_ENDPOINT_URL"] == world.context.cloud.endpoint_url
    assert world.permissions.secret_of(given["AWS_ACCESS_KEY_ID"]) == given["AWS_SECRET_ACCESS_KEY"]
    assert "SECRET_OF_THE_SANDBOX" not in given


def test_a_package_that_the_zip_lacks_cannot_be_imported(world: World) -> None:
    source = (
        "import importlib.util as u\n"
        "def handler(event, context):\n"
        "    return {name: bool(u.find_spec(name)) for name in event['names']}"
    )
    world.function("finds", source)

    found = world.call("finds", {"names": ["boto3", "aiohttp", "chalice", "sandbox", "app"]})

    assert found == {
        "boto3": True,
        "aiohttp": False,
        "chalice": False,
        "sandbox": False,
        "app": True,
    }


def test_a_new_zip_replaces_instances_when_they_are_done(world: World, tmp_path: Any) -> None:
    world.function("changes", WAITS)
    running = begun(world, "changes", tmp_path, "old")

    code = {"ZipFile": zipped(NAME.format("new"))}
    world.context.backend("lambda").update_function_code("changes", None, code)

    assert world.call("changes") == "new"
    (tmp_path / "go").touch()
    old = running()
    eventually(lambda: not _lives(old))


def test_a_new_environment_replaces_idle_instances_at_once(world: World) -> None:
    world.function("echo", ECHO)
    old = world.call("echo")["pid"]

    variables = {"Environment": {"Variables": {"A": "2"}}}
    world.context.backend("lambda").update_function_configuration("echo", None, variables)
    for tell in world.context.on_apply:
        tell()

    eventually(lambda: not _lives(old))
    assert world.call("echo")["count"] == 1


def test_an_idle_instance_ends_after_a_while(world: World) -> None:
    world.function("echo", ECHO)
    old = world.call("echo")["pid"]

    world.advance(300)
    assert world.call("echo")["pid"] == old
    world.advance(601)

    eventually(lambda: not _lives(old))
    assert world.call("echo")["count"] == 1


def test_nothing_runs_between_two_events(world: World) -> None:
    world.function("echo", ECHO)

    pid = world.call("echo")["pid"]

    eventually(lambda: _state(pid) == "T")
    assert world.call("echo") == {"event": {}, "count": 2, "pid": pid}


def test_the_clock_moves_for_functions_too_but_their_time_remains(world: World) -> None:
    source = (
        "import time\ndef handler(event, context):\n"
        "    return [time.time(), time.time_ns() // 10**9, context.get_remaining_time_in_millis()]"
    )
    world.function("time", source)
    before = world.call("time")

    world.advance(300)

    after = world.call("time")
    assert 300 <= after[0] - before[0] < 360
    assert 300 <= after[1] - before[1] < 360
    assert 0 < after[2] <= 20_000


def test_x_ray_gets_a_trace_of_every_event(world: World) -> None:
    source = "import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']"
    world.function("active", source, TracingConfig={"Mode": "Active"})
    world.function("passes", source)
    upstream = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

    assert world.call("active").endswith(";Sampled=1")
    assert world.call("passes").endswith(";Sampled=0")
    answer = world.functions.invoke("passes", {}, trace=upstream)
    assert json.loads(answer.payload) == upstream
    assert "XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793" in world.log("passes")[-1]


def _lives(pid: int) -> bool:
    return _state(pid) not in ("Z", "")


def _state(pid: int) -> str:
    """Return the state of a process: R, S, T (stopped), Z; `""` if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(") ", 1)[1][0]
    except OSError:
        return ""


def test_an_alias_runs_the_version_that_it_names(world: World) -> None:
    source = "def handler(event, context):\n    return [context.function_version, {!r}]\n"
    world.function("v", source.format("old"))
    backend = world.context.backend("lambda")
    version = backend.publish_version("v").version
    backend.create_alias("live", "v", str(version), "", None)
    code = {"ZipFile": zipped(source.format("new"))}
    backend.update_function_code("v", None, code)

    assert world.call("v:live") == [str(version), "old"]
    assert world.call("v") == ["$LATEST", "new"]
    assert world.call("v:live") == [str(version), "old"]
