"""The folder of one local cloud, and what is known of its process."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from sandbox.http.identifiers import REGION


@dataclass(frozen=True)
class Workspace:
    """`.local-cloud`: a copy of the Terraform, its state, the account's log and address."""

    folder: Path
    stage: str

    @property
    def terraform(self) -> Path:
        """The working directory of Terraform: state is here, and nowhere else."""
        return self.folder / "terraform"

    @property
    def log(self) -> Path:
        """What the account's process prints: every line of every log group."""
        return self.folder / "account.log"

    @property
    def address(self) -> Path:
        """Written by the process when it answers."""
        return self.folder / "account.json"

    def write_address(self, address: "Address") -> None:
        """All at once: who waits for the file can read it."""
        draft = self.address.with_suffix(".tmp")
        draft.write_text(json.dumps(address.plain()))
        draft.replace(self.address)

    def running(self) -> "Address | None":
        """The account's address; None where its process is not there any more."""
        if not self.address.exists():
            return None
        address = Address.of(json.loads(self.address.read_text()))
        return address if _alive(address.pid) else None


@dataclass(frozen=True)
class Address:
    """A running account."""

    pid: int
    api_url: str
    """Of every AWS API."""
    port: int
    """Of sockets and `/_sandbox`."""
    access_key_id: str
    secret_access_key: str

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Address":
        """From what `plain` gave."""
        return cls(**plain)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return dict(self.__dict__)

    def client(self, service: Any) -> Any:
        """A boto3 client of a service; to be closed."""
        return boto3.client(
            service,
            endpoint_url=self.api_url,
            region_name=REGION,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
        )

    def environ(self) -> dict[str, str]:
        """What every AWS SDK, the AWS CLI and Terraform need to use this account and no other."""
        return {
            "AWS_ENDPOINT_URL": self.api_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(") ")[2].startswith("Z")
