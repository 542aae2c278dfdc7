"""A function's configuration as it was applied, read from the control plane."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.context import Context
from localcloud.errors import NoSuchFunctionError

LATEST = "$LATEST"
ASYNC_RETRIES = 2
ASYNC_AGE = 6 * 3600
"""Seconds after which an asynchronous event is given up, unless another age is applied."""


@dataclass(frozen=True)
class Logging:
    """Log group, format and levels; levels apply to JSON only."""

    group: str
    json: bool
    application_level: str
    system_level: str


@dataclass(frozen=True)
class Configuration:
    """The configuration of an instance, which is replaced when any of it changes."""

    name: str
    arn: str
    """With the qualifier, if the function is invoked with one."""
    version: str
    handler: str
    runtime: str
    role: str
    environ: Mapping[str, str]
    memory: int
    """Megabytes."""
    timeout: int
    """Seconds."""
    tracing: bool
    """True if X-Ray samples events on which the caller has not decided."""
    logging: Logging
    code_sha: str
    code: bytes = field(repr=False, compare=False)


@dataclass(frozen=True)
class AsyncConfiguration:
    """Retries of asynchronous invocations."""

    retries: int
    max_age: int
    """Seconds."""


def configuration(context: Context, function: str) -> Configuration:
    """Return the configuration of the function with that name or ARN.

    Raises:
        NoSuchFunctionError: no such function is applied.
    """
    applied = _applied(context, function)
    name, qualifier = _split(function)
    arn = ":".join(applied.function_arn.split(":")[:7])
    return Configuration(
        name=name,
        arn=f"{arn}:{qualifier}" if qualifier else arn,
        version=str(applied.version),
        handler=applied.handler,
        runtime=applied.run_time,
        role=applied.role,
        environ=dict(applied.environment_vars or {}),
        memory=int(applied.memory_size),
        timeout=int(applied.timeout),
        tracing=(applied.tracing_config or {}).get("Mode") == "Active",
        logging=_logging(applied),
        code_sha=applied.code_sha_256,
        code=applied.code_bytes,
    )


def role_of(context: Context, function: str) -> str:
    """Return the ARN of the function's role; `""`, which allows nothing, if it is gone."""
    try:
        return configuration(context, function).role
    except NoSuchFunctionError:
        return ""


def reserved_concurrency(context: Context, function: str) -> int | None:
    """Return the function's reserved concurrency; None if none is reserved."""
    reserved = context.backend("lambda").get_function(_split(function)[0]).reserved_concurrency
    return None if reserved is None else int(reserved)


def async_configuration(context: Context, function: str) -> AsyncConfiguration:
    """Return the function's event invoke configuration, with Lambda's defaults."""
    applied = _applied(context, function).event_invoke_config
    # moto keeps every configuration that was ever put; the last one is what was applied.
    given: dict[str, Any] = applied[-1].response() if applied else {}
    return AsyncConfiguration(
        retries=given.get("MaximumRetryAttempts", ASYNC_RETRIES),
        max_age=given.get("MaximumEventAgeInSeconds", ASYNC_AGE),
    )


def _logging(applied: Any) -> Logging:
    config = applied.get_configuration()["LoggingConfig"]
    return Logging(
        group=config["LogGroup"],
        json=config["LogFormat"] == "JSON",
        application_level=config.get("ApplicationLogLevel", "INFO"),
        system_level=config.get("SystemLogLevel", "INFO"),
    )


def _applied(context: Context, function: str) -> Any:
    from moto.awslambda.exceptions import UnknownFunctionException  # noqa: PLC0415 - loads all of Lambda

    name, qualifier = _split(function)
    try:
        return context.backend("lambda").get_function(name, qualifier or LATEST)
    except UnknownFunctionException as problem:
        raise NoSuchFunctionError(f"Function not found: {function}") from problem


def _split(function: str) -> tuple[str, str | None]:
    """Split `name`, `name:qualifier` or an ARN into name and qualifier."""
    tail = function.rsplit(":function:", maxsplit=1)[-1]
    name, _, qualifier = tail.partition(":")
    return name, qualifier or None
