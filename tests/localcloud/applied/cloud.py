"""A local cloud for tests: the project applied once per run, then edited and applied again."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from localcloud.deploy.commands import deploy, destroy
from localcloud.deploy.process import stop
from localcloud.deploy.terraform import LIMITS, VARIABLES, Terraform
from localcloud.deploy.workspace import Address, Workspace
from tests.conformance.stack import Sandbox, Stack

Edit = Callable[[Path], None]
"""Edits the Terraform in a folder."""
DEPLOYMENT = "aws_apigatewayv2_deployment.websocket_api_deployment"
APPLY = ("apply", "-auto-approve", "-compact-warnings", "-refresh=false")


class LocalCloud:
    """A local cloud that the project is applied to."""

    def __init__(self, folder: Path, packaged: Path) -> None:
        self.workspace = Workspace(folder, "dev")
        self.url = deploy(self.workspace, port=0, api_port=0, packaged=packaged, show=False)
        address = self.workspace.running()
        assert address is not None
        self.address: Address = address
        self.terraform = Terraform(self.workspace, address)
        self.operator_url = self.terraform.outputs()["operator_api_url"]
        self._edited = False
        self._written = folder / "as-written"
        shutil.copytree(self.workspace.terraform, self._written, ignore=_not_written, symlinks=True)

    def stack(self) -> Stack:
        """Return the applied stack for raw clients."""
        return Stack(self.url, Sandbox(f"http://127.0.0.1:{self.address.port}"))

    def as_written(self) -> None:
        """Apply the project's own Terraform if anything else is applied."""
        if self._edited:
            self._restore()
            self.terraform.run(*APPLY)

    def edited(self, edit: Edit, *, redeployed: bool) -> None:
        """Apply the Terraform with `edit`, and without any edit before it.

        With `redeployed` the API is deployed once more: what Terraform takes out of an API goes
        only after the deployment that was to do without it, here as on AWS.
        """
        self._restore()
        edit(self.workspace.terraform)
        self._edited = True
        self.terraform.run(*APPLY)
        if redeployed:
            self.terraform.run(*APPLY, f"-replace={DEPLOYMENT}")

    async def apply_settings(self, **settings: int) -> str:
        """Apply other settings beside running clients; return Terraform's output."""
        self._edited = True
        content = json.dumps({"settings": {**LIMITS, **settings}})
        (self.workspace.terraform / VARIABLES).write_text(content)
        return await asyncio.to_thread(self.terraform.run, *APPLY)

    def plan(self) -> str:
        """Return the output of `terraform plan`."""
        return self.terraform.run("plan", "-detailed-exitcode", accepted=(0, 2))

    def close(self) -> None:
        """Destroy the local cloud; raise CloudError if resources are left."""
        try:
            destroy(self.workspace, ("-refresh=false",), show=False)
        finally:
            stop(self.workspace)

    def _restore(self) -> None:
        shutil.copytree(self._written, self.workspace.terraform, dirs_exist_ok=True)
        self._edited = False


def _not_written(folder: str, names: list[str]) -> set[str]:
    return set(shutil.ignore_patterns(".terraform*", "*.tfstate*", "deployment.zip")(folder, names))
