"""The imports of a cold start have a budget, as every new Lambda pays for each module."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chalicelib.aws.servers import ScriptedServer

ROOT = Path(__file__).parents[2]
# msgspec takes typing_extensions where it is installed, as it is here and is not in the zip.
AS_IN_THE_ZIP = "import sys; sys.modules['typing_extensions'] = None"
READY = f"{AS_IN_THE_ZIP}; import app; from chalicelib import wiring; wiring.services()"
LISTED = "import sys; print(*sorted(sys.modules))"
CPU = "import time; print(time.process_time())"

# Of the zip, this may be imported before the first event.
THIRD_PARTY = {"app", "chalice", "chalicelib", "msgspec"}
# Of the standard library, these cost several milliseconds each, and nothing needs them that early.
# A dataclass costs a millisecond more to define, forty times what a msgspec.Struct does.
TOO_EXPENSIVE = {
    "asyncio",
    "concurrent.futures",
    "dataclasses",
    "email",
    "encodings.idna",
    "http.client",
    "inspect",
    "multiprocessing",
    "pathlib",
    "shutil",
    "subprocess",
    "tempfile",
    "unittest",
    "urllib.request",
    "xml",
}
MAX_TIMES_BARE_PYTHON = 10.0
"""It takes 6 to 8, by the machine; PyJWT would add 4, boto3 15."""


@pytest.fixture
def environ() -> dict[str, str]:
    """Return a Lambda's environment, with a key set: the most expensive variant."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDTESTTESTTESTTEST",
        "AWS_SECRET_ACCESS_KEY": "test-secret-access-key",
        "AWS_ENDPOINT_URL_DYNAMODB": "https://127.0.0.1:1",
        "API_GATEWAY_ENDPOINT": "https://127.0.0.1:1/prod",
        "JOBS_QUEUE_URL": "https://127.0.0.1:1/1/jobs",
        "JWT_JWKS_URL": "https://issuer.example/keys",
        "RESUME_TOKEN_SECRET": "a-secret-for-tests-of-enough-characters",
    }


def _said(code: str, environ: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout


def _imported(environ: dict[str, str]) -> set[str]:
    before = set(_said(LISTED, environ).split())
    after = set(_said(f"{READY}; {LISTED}", environ).split())
    return after - before - {"typing_extensions"}


def test_only_what_is_in_the_zip_and_needed_is_imported(environ: dict[str, str]) -> None:
    """No boto3, no PyJWT, no cryptography, no command line of Chalice, nothing for development."""
    packages = {name.partition(".")[0] for name in _imported(environ)}
    third_party = {name for name in packages if name not in sys.stdlib_module_names}
    assert third_party - {"__main__"} <= THIRD_PARTY


def test_the_operator_api_is_imported_only_when_it_is_called(environ: dict[str, str]) -> None:
    """The functions behind the socket share the app with the operator API."""
    imported = _imported(environ)
    assert not {name for name in imported if name.startswith("chalicelib.api")}
    assert not imported & {
        f"chalicelib.actions.operator.{each}" for each in ("health", "listings", "removal")
    }


def test_of_chalice_only_the_runtime_is_imported(environ: dict[str, str]) -> None:
    chalice = {name for name in _imported(environ) if name.startswith("chalice.")}
    assert chalice == {"chalice.app"}


def test_expensive_standard_modules_are_imported_only_when_needed(environ: dict[str, str]) -> None:
    imported = _imported(environ)
    assert {name for name in TOO_EXPENSIVE if name in imported} == set()


def test_without_tls_not_even_ssl_is_imported(environ: dict[str, str]) -> None:
    for name in ("AWS_ENDPOINT_URL_DYNAMODB", "API_GATEWAY_ENDPOINT"):
        environ[name] = environ[name].replace("https", "http")
    environ["AWS_ENDPOINT_URL_SQS"] = "http://127.0.0.1:1"
    assert "ssl" not in _imported(environ)


def test_boto3_is_imported_only_if_it_is_chosen(environ: dict[str, str]) -> None:
    assert "boto3" in _imported(environ | {"AWS_WIRE": "boto3"})


def test_on_lambda_a_connection_is_open_before_the_first_event(environ: dict[str, str]) -> None:
    """Until then a process has a whole core, later a seventh."""
    environ["AWS_LAMBDA_FUNCTION_NAME"] = "connect"
    with ScriptedServer() as server:
        environ["AWS_ENDPOINT_URL_DYNAMODB"] = server.url
        _said("import app", environ)
        server.wait_for_connection()
    assert server.requests == []


def test_a_cold_start_costs_a_few_times_what_bare_python_costs(environ: dict[str, str]) -> None:
    """CPU, the lowest of some rounds: what else the machine does can only add to it."""
    ours = bare = float("inf")
    for _ in range(15):
        ours = min(ours, float(_said(f"{READY}; {CPU}", environ)))
        bare = min(bare, float(_said(CPU, environ)))
        if ours / bare < MAX_TIMES_BARE_PYTHON:
            return
    raise AssertionError(f"{ours:.3f} s of CPU, where bare Python takes {bare:.3f}")
