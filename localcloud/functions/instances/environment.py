"""The variables that Lambda gives a process: the applied ones, and its own, which win.

The list is Lambda's ("Defined runtime environment variables"). Beside it there are the endpoints
of the account, which every AWS SDK reads, and what keeps a process to its own folders.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.functions.configuration import Configuration
from localcloud.permissions import RoleCredentials


@dataclass(frozen=True)
class InstancePaths:
    """Where an instance finds things."""

    region: str
    endpoint_url: str
    """Of every AWS service."""
    task: Path
    runtime: Path
    temporary: Path
    clock: Path


def variables(
    configuration: Configuration,
    credentials: RoleCredentials,
    paths: InstancePaths,
    *,
    api: str,
    log_stream: str,
) -> dict[str, str]:
    """The whole environment of an instance whose Runtime API is at `api`, `host:port`."""
    return {
        **configuration.environ,
        **_of_lambda(configuration, paths, api=api, log_stream=log_stream),
        **_of_the_role(credentials, paths.region),
        "AWS_ENDPOINT_URL": paths.endpoint_url,
        "TMPDIR": str(paths.temporary),
        "PYTHONDONTWRITEBYTECODE": "1",  # a Lambda can't keep what it compiles
        "PYTHONPATH": str(paths.runtime),
        "SANDBOX_CLOCK": str(paths.clock),
    }


def _of_lambda(
    configuration: Configuration, paths: InstancePaths, *, api: str, log_stream: str
) -> Mapping[str, str]:
    return {
        "_HANDLER": configuration.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory),
        "AWS_LAMBDA_FUNCTION_NAME": configuration.name,
        "AWS_LAMBDA_FUNCTION_VERSION": configuration.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON" if configuration.logging.json else "Text",
        "AWS_LAMBDA_LOG_GROUP_NAME": configuration.logging.group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "LAMBDA_RUNTIME_DIR": str(paths.runtime),
        "LAMBDA_TASK_ROOT": str(paths.task),
        "LANG": "en_US.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": ":UTC",
        **_levels(configuration),
    }


def _levels(configuration: Configuration) -> Mapping[str, str]:
    """The runtime client's level of `logging`; in plain text Lambda has none."""
    logging = configuration.logging
    return {"AWS_LAMBDA_LOG_LEVEL": logging.application_level} if logging.json else {}


def _of_the_role(credentials: RoleCredentials, region: str) -> Mapping[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
    }


def interpreter() -> str:
    """Python without the virtual environment in which the sandbox runs."""
    return str(getattr(sys, "_base_executable", sys.executable))


def runs_here(runtime: str) -> bool:
    """Whether this machine's Python is the one that the function asks for."""
    return runtime == f"python{sys.version_info.major}.{sys.version_info.minor}"
