"""Which endpoint, region and credentials a process has, by the environment."""

import sys
from pathlib import Path

import pytest

from chalicelib.aws import endpoint_config
from chalicelib.aws.credentials import Credentials, configured_region, credentials
from chalicelib.errors import RequestRejected


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("eu-central-1", "https://dynamodb.eu-central-1.amazonaws.com"),
        ("us-gov-west-1", "https://dynamodb.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ("us-iso-east-1", "https://dynamodb.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "https://dynamodb.us-isob-east-1.sc2s.sgov.gov"),
    ],
)
def test_each_partition_has_its_domain(region: str, expected: str) -> None:
    assert endpoint_config.endpoint({"AWS_REGION": region}, "dynamodb") == expected


def test_the_endpoint_of_a_service_wins_over_that_of_all() -> None:
    environ = {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_SQS": "http://sqs"}
    assert endpoint_config.endpoint(environ, "sqs") == "http://sqs"
    assert endpoint_config.endpoint(environ, "dynamodb") == "http://all"


def test_configured_endpoints_can_be_ignored() -> None:
    environ = {
        "AWS_ENDPOINT_URL": "http://all",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_REGION": "eu-west-1",
    }
    assert endpoint_config.endpoint(environ, "sqs") == "https://sqs.eu-west-1.amazonaws.com"


def test_lambdas_own_credentials_are_used() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    assert credentials(environ)() == Credentials("a", "s", "t")


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A developer's machine: nothing in the environment but where the files are."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def test_elsewhere_boto3_finds_the_credentials(profile: Path) -> None:
    (profile / "credentials").write_text(
        "[default]\naws_access_key_id = p\naws_secret_access_key = q\n"
    )
    (profile / "config").write_text("[default]\nregion = eu-north-1\n")
    assert credentials({})() == Credentials("p", "q", "")
    assert configured_region() == "eu-north-1"


def test_credentials_that_expire_are_renewed(profile: Path) -> None:
    """boto3 renews what a process, a container or an instance gave for a while."""
    counter = profile / "count"
    script = profile / "renew.py"
    script.write_text(
        "import json, pathlib, datetime\n"
        f"file = pathlib.Path({str(counter)!r})\n"
        "count = int(file.read_text()) + 1 if file.exists() else 1\n"
        "file.write_text(str(count))\n"
        "soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=5)\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'key{count}', 'SecretAccessKey': 's',"
        " 'SessionToken': 't', 'Expiration': soon.isoformat()}))\n"
    )
    (profile / "config").write_text(f"[default]\ncredential_process = {sys.executable} {script}\n")
    source = credentials({})
    first = source().access_key
    assert source().access_key != first


def test_missing_credentials_or_region_raise(profile: Path) -> None:
    assert not list(profile.iterdir())
    with pytest.raises(RequestRejected, match="credentials"):
        credentials({})
    with pytest.raises(RequestRejected, match="AWS_REGION"):
        configured_region()
