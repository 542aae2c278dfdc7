"""Every environment variable of the stack: its name, default and meaning, defined here once.

`docs/run/settings.md` is made from this file. A bad value is reported when the process
starts, so that a wrong deployment fails at once and says why.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from chalicelib.errors import LecternError


class SettingsError(LecternError):
    """One or more environment variables are missing or malformed; the text names each."""


class Variable(Struct, frozen=True):
    """An environment variable. `minimum` is the smallest valid number."""

    name: str
    meaning: str
    default: Any
    minimum: int | None
    secret: bool


_declared: list[Variable] = []


def _setting(
    variable: str, meaning: str, default: Any, minimum: int | None = None, secret: bool = False
) -> Any:
    _declared.append(Variable(variable, meaning, default, minimum, secret))
    return field(default=default)


class Settings(Struct, frozen=True, kw_only=True):
    """The whole configuration of a process. `from_environ` reads and checks it."""

    sessions_table: str = _setting("SESSIONS_TABLE_NAME", "table of sessions", "sessions")
    counts_table: str = _setting(
        "COUNTS_TABLE_NAME", "table of the sessions' listener counts", "counts"
    )
    connections_table: str = _setting(
        "CONNECTIONS_TABLE_NAME", "table of open connections", "connections"
    )
    subscriptions_table: str = _setting(
        "SUBSCRIPTIONS_TABLE_NAME", "table of topic subscriptions", "subscriptions"
    )
    requests_table: str = _setting(
        "REQUESTS_TABLE_NAME", "table of background requests", "requests"
    )
    history_table: str = _setting("HISTORY_TABLE_NAME", "table of recent broadcasts", "history")
    rate_limits_table: str = _setting(
        "RATE_LIMITS_TABLE_NAME", "table of rate limits", "rate_limits"
    )
    jobs_queue_url: str = _setting("JOBS_QUEUE_URL", "URL of the SQS queue of jobs", "")
    replies_queue_url: str = _setting(
        "REPLIES_QUEUE_URL", "URL of the SQS queue of first replies", ""
    )
    api_gateway_endpoint: str = _setting(
        "API_GATEWAY_ENDPOINT", "https URL of the WebSocket stage, for `@connections`", ""
    )
    session_max_duration_hours: int = _setting(
        "SESSION_MAX_DURATION_HOURS",
        "lifetime of a session in hours; each refresh extends it",
        2,
        1,
    )
    connection_refresh_minutes: int = _setting(
        "CONNECTION_REFRESH_MINUTES",
        "age of a connection in minutes at which its client is asked to refresh",
        100,
        1,
    )
    connection_warning_minutes: int = _setting(
        "CONNECTION_WARNING_MINUTES",
        "age of a connection in minutes at which its client is warned for the last time",
        105,
        1,
    )
    connection_idle_timeout_seconds: int = _setting(
        "CONNECTION_IDLE_TIMEOUT_SECONDS",
        "seconds without a message after which a connection is closed",
        120,
        1,
    )
    heartbeat_interval_seconds: int = _setting(
        "HEARTBEAT_INTERVAL_SECONDS",
        "seconds between heartbeats, told to clients; the default is at most half the idle timeout",
        50,
        1,
    )
    speaker_grace_seconds: int = _setting(
        "SPEAKER_GRACE_SECONDS",
        "grace period in seconds for a dropped speaker; 0 ends the session at once",
        15,
        0,
    )
    max_listeners_per_session: int = _setting(
        "MAX_LISTENERS_PER_SESSION", "maximum listeners of a session", 500, 1
    )
    inline_fanout_limit: int = _setting(
        "INLINE_FANOUT_LIMIT",
        "maximum recipients that a handler posts to itself; more are left to jobs",
        500,
        0,
    )
    fanout_concurrency: int = _setting(
        "FANOUT_CONCURRENCY", "maximum concurrent posts of a fan-out", 32, 1
    )
    history_seconds: int = _setting(
        "HISTORY_SECONDS", "seconds for which broadcasts can be recovered", 120, 1
    )
    status_interval_seconds: int = _setting(
        "STATUS_INTERVAL_SECONDS", "seconds between periodic statuses; a divisor of 60", 30, 1
    )
    jwt_secret: str = _setting("JWT_SECRET", "secret of HS256 tokens", "", secret=True)
    jwt_jwks_url: str = _setting(
        "JWT_JWKS_URL", "https URL of the key set (JWKS) of RS256 and ES256 tokens", ""
    )
    jwt_algorithms: tuple[str, ...] = _setting(
        "JWT_ALGORITHMS",
        "accepted algorithms; default HS256 with a secret, RS256,ES256 with a key set",
        (),
    )
    jwt_issuer: str = _setting("JWT_ISSUER", "required `iss` of tokens", "")
    jwt_audience: str = _setting("JWT_AUDIENCE", "required `aud` of tokens", "")
    jwt_tenant_claim: str = _setting("JWT_TENANT_CLAIM", "claim that names the tenant", "tenantId")
    jwt_max_lifetime_hours: int = _setting(
        "JWT_MAX_LIFETIME_HOURS",
        "maximum lifetime of your tokens in hours; a removed user's tokens are refused for so long",
        24,
        1,
    )
    resume_token_secret: str = _setting(
        "RESUME_TOKEN_SECRET", "key that signs resume tokens and hashes addresses", "", secret=True
    )
    rate_limit_connects_per_minute: int = _setting(
        "RATE_LIMIT_CONNECTS_PER_MINUTE",
        "maximum handshakes a minute from one address; a user with a valid token, and a participant"
        " with a resume token of the session, have a limit of their own: a fortieth, at least 30",
        1200,
        1,
    )
    rate_limit_joins_per_minute: int = _setting(
        "RATE_LIMIT_JOINS_PER_MINUTE",
        "maximum joins a minute from one address: those that found their session",
        600,
        1,
    )
    rate_limit_failed_joins_per_minute: int = _setting(
        "RATE_LIMIT_FAILED_JOINS_PER_MINUTE",
        "maximum tries a minute on one connection that find no session; once an address has failed"
        " twenty times as often, its connections have one try each",
        5,
        1,
    )
    rate_limit_sessions_per_hour: int = _setting(
        "RATE_LIMIT_SESSIONS_PER_HOUR", "maximum sessions an hour by one user", 50, 1
    )
    rate_limit_controls_per_second: int = _setting(
        "RATE_LIMIT_CONTROLS_PER_SECOND",
        "maximum control messages a second on one connection",
        10,
        1,
    )
    topic_publishers: str = _setting(
        "TOPIC_PUBLISHERS", "who may publish to topics: all, or only the speaker", "all"
    )
    aws_wire: str = _setting(
        "AWS_WIRE", "client for AWS: lean (the standard library) or boto3", "lean"
    )
    aws_timeout_seconds: int = _setting(
        "AWS_TIMEOUT_SECONDS", "timeout in seconds of one call of an AWS service", 5, 1
    )
    log_level: str = _setting("LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", "INFO")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from the environment.

        Raises:
            SettingsError: one or more values are wrong; the text names each, and what it must be.
        """
        values: dict[str, Any] = {}
        problems: list[str] = []
        for setting, variable in VARIABLES.items():
            text = environ.get(variable.name, "").strip()
            if not text:
                continue
            try:
                values[setting] = _parse(text, variable)
            except ValueError as problem:
                problems.append(f"{variable.name} {problem}")
        values.setdefault("heartbeat_interval_seconds", _fitting_heartbeat(values))
        settings = cls(**values)
        problems += _contradictions(settings)
        if problems:
            raise SettingsError("; ".join(problems))
        return settings

    def __repr__(self) -> str:
        """Return the settings without the secrets."""
        shown = (name for name, variable in VARIABLES.items() if not variable.secret)
        return f"Settings({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


VARIABLES = dict(zip(Settings.__struct_fields__, _declared, strict=True))
"""Each setting's variable, by the name of its field."""


def _fitting_heartbeat(values: Mapping[str, Any]) -> int:
    """Return the default interval, or less where the idle timeout is short."""
    usual = Settings()
    idle: int = values.get("connection_idle_timeout_seconds", usual.connection_idle_timeout_seconds)
    return max(1, min(usual.heartbeat_interval_seconds, idle // 2))


def _parse(text: str, variable: Variable) -> Any:
    if isinstance(variable.default, int):
        try:
            number = int(text)
        except ValueError:
            raise ValueError(f"must be a whole number, not {text!r}") from None
        if variable.minimum is not None and number < variable.minimum:
            raise ValueError(f"must be {variable.minimum} or more, not {number}")
        return number
    if isinstance(variable.default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


_ALGORITHMS = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}
_AWS_WIRES = {"boto3", "lean"}
_KEY_SET_URL = re.compile(r"(https://[^/?#@\\]+|http://127\.0\.0\.1(:\d+)?)(/.*)?", re.ASCII)
"""The keys decide who users are, so only https, or this machine, and no `user@`."""
_TOPIC_PUBLISHERS = {"all", "speaker"}
_MIN_SECRET_LENGTH = 32
_LOG_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR"}


def _contradictions(settings: Settings) -> list[str]:
    problems = _secret_problems(settings)
    problems += _token_problems(settings)
    problems += _time_problems(settings)
    if settings.log_level not in _LOG_LEVELS:
        problems.append(f"LOG_LEVEL must be one of {', '.join(sorted(_LOG_LEVELS))}")
    if settings.topic_publishers not in _TOPIC_PUBLISHERS:
        problems.append("TOPIC_PUBLISHERS must be all or speaker")
    if settings.aws_wire not in _AWS_WIRES:
        problems.append(f"AWS_WIRE must be one of {', '.join(sorted(_AWS_WIRES))}")
    return problems


def _time_problems(settings: Settings) -> list[str]:
    problems = []
    if settings.connection_warning_minutes < settings.connection_refresh_minutes:
        problems.append(
            "CONNECTION_WARNING_MINUTES must not be less than CONNECTION_REFRESH_MINUTES"
        )
    if settings.heartbeat_interval_seconds > max(1, settings.connection_idle_timeout_seconds - 1):
        problems.append(
            "HEARTBEAT_INTERVAL_SECONDS must be less than CONNECTION_IDLE_TIMEOUT_SECONDS"
        )
    if 60 % settings.status_interval_seconds:
        problems.append("STATUS_INTERVAL_SECONDS must be a divisor of 60")
    return problems


def _secret_problems(settings: Settings) -> list[str]:
    secrets = {"RESUME_TOKEN_SECRET": settings.resume_token_secret}
    if settings.jwt_secret:
        secrets["JWT_SECRET"] = settings.jwt_secret
    return [
        f"{name} must have at minimum {_MIN_SECRET_LENGTH} random characters"
        for name, secret in secrets.items()
        if len(secret) < _MIN_SECRET_LENGTH
    ]


def _token_problems(settings: Settings) -> list[str]:
    problems = []
    if bool(settings.jwt_secret) == bool(settings.jwt_jwks_url):
        problems.append("set exactly one of JWT_SECRET and JWT_JWKS_URL, to authenticate speakers")
    if settings.jwt_jwks_url and not _KEY_SET_URL.fullmatch(settings.jwt_jwks_url):
        problems.append("JWT_JWKS_URL must start with https://")
    unknown = set(settings.jwt_algorithms) - _ALGORITHMS
    if unknown:
        problems.append(f"JWT_ALGORITHMS has {', '.join(sorted(unknown))}, which is not supported")
    # A public key must never be usable as an HMAC secret, nor the secret as anything else.
    family = "HS" if settings.jwt_secret else ("RS", "ES")
    if any(not algorithm.startswith(family) for algorithm in settings.jwt_algorithms):
        problems.append(
            "JWT_ALGORITHMS must be HS… with JWT_SECRET, and RS… or ES… with JWT_JWKS_URL"
        )
    return problems
