"""The environment variables: what is wrong is named, and the page says what the code does."""

import pytest

from chalicelib.settings import Settings, SettingsError
from tools.settings_page import TARGET, text

SECRET = "0123456789abcdef0123456789abcdef"  # 32 characters
NEEDED = {"JWT_SECRET": SECRET, "RESUME_TOKEN_SECRET": SECRET}


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert TARGET.read_text(encoding="utf-8") == text(), "run: make docs"


def test_with_only_secrets_every_setting_has_its_default() -> None:
    settings = Settings.from_environ(NEEDED)

    assert settings == Settings(jwt_secret=SECRET, resume_token_secret=SECRET)
    assert (settings.speaker_grace_seconds, settings.max_listeners_per_session) == (15, 500)


def test_secrets_are_in_no_representation() -> None:
    assert SECRET not in repr(Settings.from_environ(NEEDED))


def test_blank_values_count_as_absent_and_lists_are_split() -> None:
    settings = Settings.from_environ(
        NEEDED | {"HISTORY_SECONDS": " ", "JWT_ALGORITHMS": "HS256, HS512,"}
    )

    assert settings.history_seconds == 120
    assert settings.jwt_algorithms == ("HS256", "HS512")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MAX_LISTENERS_PER_SESSION", "many"),
        ("MAX_LISTENERS_PER_SESSION", "0"),
        ("SPEAKER_GRACE_SECONDS", "-1"),
        ("RESUME_TOKEN_SECRET", "short"),
        ("JWT_SECRET", "short"),
        ("JWT_SECRET", ""),
        ("JWT_JWKS_URL", "https://issuer.example/keys"),
        ("JWT_ALGORITHMS", "none"),
        ("JWT_ALGORITHMS", "RS256"),
        ("LOG_LEVEL", "LOUD"),
        ("AWS_WIRE", "carrier-pigeon"),
        ("TOPIC_PUBLISHERS", "nobody"),
        ("CONNECTION_WARNING_MINUTES", "99"),
        ("HEARTBEAT_INTERVAL_SECONDS", "120"),
        ("STATUS_INTERVAL_SECONDS", "45"),
    ],
)
def test_what_is_wrong_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environ(NEEDED | {variable: value})


@pytest.mark.parametrize(("idle", "heartbeat"), [("1", 1), ("10", 5), ("100", 50), ("600", 50)])
def test_a_short_idle_timeout_shortens_the_heartbeat_interval(idle: str, heartbeat: int) -> None:
    settings = Settings.from_environ(NEEDED | {"CONNECTION_IDLE_TIMEOUT_SECONDS": idle})

    assert settings.heartbeat_interval_seconds == heartbeat


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(SettingsError, match=r"INLINE_FANOUT_LIMIT.*LOG_LEVEL") as error:
        Settings.from_environ(NEEDED | {"INLINE_FANOUT_LIMIT": "-1", "LOG_LEVEL": "loud"})
    assert "HISTORY_SECONDS" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example/keys",
        "http://127.0.0.1.evil.example/keys",
        "http://127.0.0.1:80@evil.example/keys",
        "https://issuer.example@evil.example/keys",
        "https:///keys",
        "file:///etc/keys",
    ],
)
def test_a_key_set_url_that_is_not_https_or_of_this_machine_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="https://"):
        Settings.from_environ({"RESUME_TOKEN_SECRET": SECRET, "JWT_JWKS_URL": url})


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001/keys", "https://issuer.example:444/k?a=b"])
def test_keys_may_come_from_this_machine_or_by_https(url: str) -> None:
    settings = Settings.from_environ({"RESUME_TOKEN_SECRET": SECRET, "JWT_JWKS_URL": url})

    assert settings.jwt_jwks_url == url
