"""Cold starts: a fresh process imports an app and handles a first `$connect`.

Lectern against `bench/peer/app.py`, which does the same work with Chalice and boto3. Both use TLS
to a stub that responds at once. Both run from compiled files. Chalice's packager leaves those out,
which doubles the peer's cold start in reality.
"""

import datetime
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from bench.harness import Figures, Report, interleaved, python, stub
from tests.handshakes import connect_parameters

_ANSWER = json.dumps({"Attributes": {"count": {"N": "1"}}})


@dataclass(frozen=True)
class _Stage:
    """The environments of both candidates, and the event files."""

    lectern: dict[str, str]
    peer: dict[str, str]
    listener: str
    speaker: str


def main(rounds: int = 5) -> list[Report]:
    """Return one table."""
    with _stage() as stage:
        return [_cold(stage, rounds)]


def _cold(stage: _Stage, rounds: int) -> Report:
    report = Report(
        "Cold start up to the reply to the first `$connect`",
        "CPU from the process's start, bare Python's included.",
    )
    candidates: dict[str, Callable[[], Figures]] = {"bare Python": _run(stage.lectern, "nothing")}
    for who, event in (("listener", stage.listener), ("speaker, RS256", stage.speaker)):
        candidates[f"Lectern, {who}"] = _run(stage.lectern, "app", event)
        candidates[f"Chalice and boto3, {who}"] = _run(stage.peer, "bench.peer.app", event)
    report.rows = interleaved(candidates, rounds)
    for who, most in (("listener", 0.4), ("speaker, RS256", 0.6)):
        ours = report.median(f"Lectern, {who}", "CPU ms")
        theirs = report.median(f"Chalice and boto3, {who}", "CPU ms")
        report.require_at_most(f"ratio of Lectern's CPU to the peer's, {who}", ours / theirs, most)
    return report


def _run(environ: Mapping[str, str], app: str, event: str = "") -> Callable[[], Figures]:
    client = "bench.cold_start_client"
    return partial(python, client, app, "connect", event, environ=environ)


@contextmanager
def _stage() -> Iterator[_Stage]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    keys = json.dumps({"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]})
    with (
        tempfile.TemporaryDirectory() as directory,
        stub(0, tls=True, body=_ANSWER) as aws,
        stub(0, tls=False, body=keys) as issuer,
    ):
        query = {"role": "speaker", "token": _token(key)}
        more = {
            "AWS_LAMBDA_FUNCTION_NAME": "connect",
            "AWS_ENDPOINT_URL_DYNAMODB": aws.url,
            "API_GATEWAY_ENDPOINT": f"{aws.url}/prod",
            "JOBS_QUEUE_URL": f"{aws.url}/1/jobs",
            "JWT_JWKS_URL": issuer.url,
            "RESUME_TOKEN_SECRET": "x" * 32,
            "RATE_LIMIT_CONNECTS_PER_MINUTE": "1000000",
        }
        yield _Stage(
            lectern=aws.environ | more,
            peer=aws.boto3_environ | more,
            listener=_event(Path(directory), {"role": "listener"}),
            speaker=_event(Path(directory), query),
        )


def _token(key: rsa.RSAPrivateKey) -> str:
    expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    claims = {"sub": "speaker-1", "exp": expires}
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "one"})


def _event(directory: Path, query: dict[str, str]) -> str:
    """Write a `$connect` event as API Gateway sends it, with this query, and return its path."""
    recorded = Path(__file__).parents[1] / "tests" / "events" / "connect.json"
    event: dict[str, Any] = json.loads(recorded.read_text())
    event |= connect_parameters(query, event["headers"])
    file = directory / f"{query['role']}.json"
    file.write_text(json.dumps(event))
    return str(file)
