"""The folder of a local cloud, and the address of its process."""

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
        """The working directory of Terraform, which also has the state."""
        return self.folder / "terraform"

    @property
    def log(self) -> Path:
        """The output of the account's process: every line of every log group."""
        return self.folder / "account.log"

    @property
    def address(self) -> Path:
        """The file that the process writes once it accepts requests."""
        return self.folder / "account.json"

    def write_address(self, address: "Address") -> None:
        """Write the address atomically: as soon as the file exists, it is complete."""
        draft = self.address.with_suffix(".tmp")
        draft.write_text(json.dumps(address.plain()))
        draft.replace(self.address)

    def running(self) -> "Address | None":
        """Return the account's address; None if its process is not running."""
        if not self.address.exists():
            return None
        address = Address.of(json.loads(self.address.read_text()))
        return address if _alive(address.pid) else None


@dataclass(frozen=True)
class Address:
    """The addresses and the key of a running account."""

    pid: int
    api_url: str
    """The URL of every AWS API."""
    port: int
    """The port of sockets and `/_sandbox`."""
    access_key_id: str
    secret_access_key: str

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Address":
        """Return the address that `plain` was called on."""
        return cls(**plain)

    def plain(self) -> dict[str, Any]:
        """Return the address as a JSON object."""
        return dict(self.__dict__)

    def client(self, service: Any) -> Any:
        """Return a boto3 client of a service; the caller closes it."""
        return boto3.client(
            service,
            endpoint_url=self.api_url,
            region_name=REGION,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
        )

    def environ(self) -> dict[str, str]:
        """Return the variables with which AWS SDKs, the AWS CLI and Terraform use this account."""
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
