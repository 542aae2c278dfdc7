"""The chosen stack, and how a request to it is signed."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from operate.failures import AccessDenied, WrongUsage

if TYPE_CHECKING:  # slow to import, and not needed for a stack on this machine
    import boto3
    from botocore.credentials import Credentials

LOCAL = "http://127.0.0.1:8000"
_ON_AWS = re.compile(r"^[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Target:
    """A stack: the URL of its operator API, and the AWS profile that signs requests."""

    url: str = LOCAL
    profile: str | None = None
    region: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise WrongUsage(
                f"{self.url!r} is not the URL of an operator API",
                "use one like http://127.0.0.1:8000, or the output of"
                " `terraform -chdir=terraform output -raw operator_api_url`, for --url",
            )
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise WrongUsage(
                "signed requests must not be sent over plain http", "use https in --url"
            )

    @property
    def is_local(self) -> bool:
        """Return whether the stack is that of `make run`, which takes unsigned requests.

        A URL on this machine with a stage belongs to a local cloud: it requires signatures, and its
        logs are in CloudWatch.
        """
        return urlsplit(self.url).hostname in _LOOPBACK and not self.stage

    @property
    def stage(self) -> str:
        """Return the stage of a deployed stack: the path of its URL."""
        return urlsplit(self.url).path.strip("/")

    @cached_property
    def session(self) -> "boto3.Session":
        """Return the AWS session of the profile. Raises AccessDenied."""
        import boto3  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        try:
            return boto3.Session(profile_name=self.profile, region_name=self._region)
        except BotoCoreError as error:
            raise AccessDenied(
                str(error), "name a profile of ~/.aws/config with --profile"
            ) from None

    def headers(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        """Return the headers of a request, signed (SigV4) if needed. Raises AccessDenied."""
        plain = {} if body is None else {"Content-Type": "application/json"}
        if self.is_local:
            return plain
        from botocore.auth import SigV4Auth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        request = AWSRequest(method=method, url=url, data=body, headers=plain)
        SigV4Auth(self._credentials(), "execute-api", self._signing_region()).add_auth(request)
        return dict(request.headers.items())

    @property
    def _region(self) -> str | None:
        on_aws = _ON_AWS.match(urlsplit(self.url).hostname or "")
        return self.region or (on_aws[1] if on_aws else None)

    def _signing_region(self) -> str:
        region = self.session.region_name
        if not region:
            raise AccessDenied("the stack's region is unknown", "name it with --region")
        return region

    def _credentials(self) -> "Credentials":
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        try:
            credentials = self.session.get_credentials()
        except BotoCoreError as error:
            raise AccessDenied(f"no AWS credentials: {error}", _ADVICE) from None
        if credentials is None:
            raise AccessDenied("no AWS credentials were found", _ADVICE)
        return credentials


_ADVICE = "log in (`aws sso login`, `aws configure`), or name a profile with --profile"
