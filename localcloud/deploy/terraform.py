"""Terraform against the account: a copy of the project's, with a state of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud.deploy.process import ROOT, CloudError
from localcloud.deploy.workspace import Address, Workspace
from sandbox.http.identifiers import REGION
from tools.package import package

OVERRIDE = "account_override.tf"
VARIABLES = "account.auto.tfvars.json"
LIMITS = {
    "rate_limit_connects_per_minute": 100_000,
    "rate_limit_joins_per_minute": 100_000,
    "rate_limit_sessions_per_hour": 100_000,
    "rate_limit_controls_per_second": 100_000,
}
"""As in `make run`: all clients on this machine have one address."""
_NOT_COPIED = (".terraform*", "*.tfstate*", "chalice.tf.json", "deployment.zip", "tests")
_COMPILED = shutil.ignore_patterns("__pycache__")
_KEPT = {".terraform", ".terraform.lock.hcl", "terraform.tfstate", "terraform.tfstate.backup"}


class Terraform:
    """The working copy of one workspace."""

    def __init__(self, workspace: Workspace, address: Address) -> None:
        self._workspace = workspace
        self._environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
            **address.environ(),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
        }
        self._address = address

    def prepare(self) -> None:
        """Copies the Terraform as it is now, packages the stage into it, initialises it."""
        folder = self._workspace.terraform
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old.name not in _KEPT:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        ignore = shutil.ignore_patterns(*_NOT_COPIED)
        shutil.copytree(ROOT / "terraform", folder, ignore=ignore, dirs_exist_ok=True)
        package(self._copied_app(), self._workspace.stage, folder)
        (folder / OVERRIDE).write_text(_override(self._address))
        (folder / VARIABLES).write_text(json.dumps({"settings": LIMITS}))
        self.run("init", "-reconfigure")

    def _copied_app(self) -> Path:
        """A copy of what is packaged: two who package in one folder get in each other's way."""
        copy = self._workspace.folder / "package"
        shutil.rmtree(copy / "chalicelib", ignore_errors=True)
        shutil.copytree(ROOT / "chalicelib", copy / "chalicelib", ignore=_COMPILED)
        (copy / ".chalice").mkdir(exist_ok=True)
        for name in ("app.py", "requirements.txt", ".chalice/config.json"):
            shutil.copy(ROOT / name, copy / name)
        return copy

    def forget(self) -> None:
        """The account that the state is of is gone."""
        for state in self._workspace.terraform.glob("terraform.tfstate*"):
            state.unlink()

    def run(self, *arguments: str, show: bool = False, accepted: Sequence[int] = (0,)) -> str:
        """Runs one command; answers what it printed, or shows it as it comes. Raises CloudError."""
        command = ["terraform", *arguments, "-no-color"]
        done = subprocess.run(  # noqa: S603 - the user's own terraform
            command,
            cwd=self._workspace.terraform,
            env=self._environ,
            stdout=None if show else subprocess.PIPE,
            stderr=None if show else subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode not in accepted:
            raise CloudError(f"terraform {arguments[0]} failed\n{done.stdout or ''}")
        return done.stdout or ""

    def outputs(self) -> Mapping[str, str]:
        """Terraform's outputs by name."""
        content = json.loads(self.run("output", "-json"))
        return {name: each["value"] for name, each in content.items()}


def _override(address: Address) -> str:
    """What Terraform merges over the project's own files: where the account is, and its state."""
    return f"""# Made by `make deploy-local`.
terraform {{
  backend "local" {{}}
}}

provider "aws" {{
  region                      = "{REGION}"
  access_key                  = "{address.access_key_id}"
  secret_key                  = "{address.secret_access_key}"
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_credentials_validation = true
}}

# The provider makes invoke_url of an API's id, and so a name of AWS's.
output "operator_api_url" {{
  value = "http://127.0.0.1:{address.port}/${{aws_api_gateway_stage.rest_api.stage_name}}"
}}

output "websocket_url" {{
  value = "ws://127.0.0.1:{address.port}/${{aws_apigatewayv2_stage.websocket_api_stage.name}}"
}}
"""
