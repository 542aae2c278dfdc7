"""The environment of an instance: the applied variables and Lambda's own, which win.

Lambda's are those of "Defined runtime environment variables". Others lead AWS SDKs to the account's
endpoint and keep the process to its own folders.
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
    """Paths, region and endpoint of an instance."""

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
    """Return the environment of an instance whose Runtime API listens at `api`, `host:port`."""
    return {
        **configuration.environ,
        **_lambda_variables(configuration, paths, api=api, log_stream=log_stream),
        **_role_variables(credentials, paths.region),
        "AWS_ENDPOINT_URL": paths.endpoint_url,
        "TMPDIR": str(paths.temporary),
        "PYTHONDONTWRITEBYTECODE": "1",  # a Lambda can't keep what it compiles
        "PYTHONPATH": str(paths.runtime),
        "SANDBOX_CLOCK": str(paths.clock),
    }


def _lambda_variables(
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
    """Return the level for the runtime client; Lambda has none for plain text."""
    logging = configuration.logging
    return {"AWS_LAMBDA_LOG_LEVEL": logging.application_level} if logging.json else {}


def _role_variables(credentials: RoleCredentials, region: str) -> Mapping[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
    }


def interpreter() -> str:
    """Return the path of Python outside the virtual environment."""
    return str(getattr(sys, "_base_executable", sys.executable))


def runs_here(runtime: str) -> bool:
    """Return whether this Python is the one that the function needs."""
    return runtime == f"python{sys.version_info.major}.{sys.version_info.minor}"
