"""The log lines beside a function's own: Lambda's, and the access log's.

The local cloud's writers produce them with the format of the Terraform;
`tests/terraform/test_plan.py` compares both with the plan.
"""

import json
import re
from dataclasses import dataclass
from functools import cache

from bench.harness import ROOT
from localcloud.functions.configuration import Configuration, Logging
from localcloud.functions.logs.system_log import system_log
from localcloud.functions.results import InvocationReport, Result
from localcloud.gateway.access_log import filled

APPLIED = Logging("/aws/lambda/x", json=True, application_level="INFO", system_level="WARN")
"""`logging_config` of the functions."""
LAMBDAS_DEFAULT = Logging("/aws/lambda/x", json=False, application_level="", system_level="")
_REQUEST_ID = "8f507cfc-0000-4697-b07a-ac58fc914c95"
_FIELD = re.compile(r'(\w+) += "(\$context\.[\w.]+)"')


@dataclass(frozen=True)
class Lines:
    """Bytes that one invocation writes, one newline per line."""

    platform: int
    """Bytes of Lambda's lines."""
    access: int
    """Bytes of API Gateway's line, if a client's event caused the invocation."""


def written_with(logging: Logging) -> Lines:
    """Return the bytes for a successful invocation of some milliseconds, in a warm instance,
    untraced."""
    done = InvocationReport(_REQUEST_ID, "", 12.34, None, 82, Result(b"{}"))
    configuration = Configuration(
        name="x",
        arn="",
        version="$LATEST",
        handler="",
        runtime="",
        role="",
        environ={},
        memory=256,
        timeout=30,
        tracing=False,
        logging=logging,
        code_sha="",
        code=b"",
    )
    lambdas = system_log(configuration)
    lines = lambdas.start(configuration, _REQUEST_ID) + lambdas.end(configuration, done)
    return Lines(sum(len(line) + 1 for line in lines), len(_access_line()) + 1)


@cache
def access_log() -> dict[str, str]:
    """Return the fields of the WebSocket stage's access log, with API Gateway's names of their
    values."""
    override = (ROOT / "terraform" / "chalice_override.tf").read_text()
    return dict(_FIELD.findall(override))


def _access_line() -> str:
    template = json.dumps(access_log(), sort_keys=True, separators=(",", ":"))
    request = json.loads((ROOT / "tests" / "events" / "message.json").read_text())["requestContext"]
    answered = {"status": 200, "integration": {"status": 200}, "integrationLatency": 12}
    return filled(template, request | answered)
