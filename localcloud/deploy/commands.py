"""Deploy the project to a local cloud, and destroy it."""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from localcloud.deploy.inventory import remaining_resources
from localcloud.deploy.process import CloudError, start, stop
from localcloud.deploy.terraform import Terraform
from localcloud.deploy.workspace import Address, Workspace

__all__ = ["CloudError", "deploy", "destroy"]

SECRETS = ("jwt-secret", "resume-token-secret")


def deploy(
    workspace: Workspace,
    port: int,
    api_port: int,
    options: Sequence[str] = (),
    *,
    packaged: Path | None = None,
    show: bool = True,
) -> str:
    """Start an account if none is running, apply the project to it, and return the socket's URL.

    `options` are passed to `terraform apply`, such as `-var …`. `packaged` is a folder that
    `package_app` has returned, to use instead of a new one.

    Raises:
        CloudError: Terraform is missing or failed, or the account did not start.
    """
    if shutil.which("terraform") is None:
        raise CloudError("The local cloud needs Terraform 1.7 or newer in the PATH.")
    workspace.folder.mkdir(parents=True, exist_ok=True)
    address = workspace.running()
    is_new = address is None
    if address is None:
        address = start(workspace, port, api_port)
    terraform = Terraform(workspace, address)
    if is_new:
        terraform.delete_state()
        _put_secrets(address, workspace.stage)
    print(f"The account is running at {address.api_url}; packaging stage {workspace.stage} ...")
    terraform.prepare(packaged)
    terraform.run("apply", "-auto-approve", "-compact-warnings", *options, show=show)
    url = terraform.outputs()["websocket_url"]
    print(_summary(workspace, address, url))
    return url


def destroy(workspace: Workspace, options: Sequence[str] = (), *, show: bool = True) -> None:
    """Destroy what was applied, check that nothing is left, and stop the account.

    Raises:
        CloudError: Terraform failed, or resources are left.
    """
    address = workspace.running()
    if address is not None:
        terraform = Terraform(workspace, address)
        terraform.run("destroy", "-auto-approve", "-compact-warnings", *options, show=show)
        left = remaining_resources(address)
        if left:
            raise CloudError("These resources are left after the destroy:\n  " + "\n  ".join(left))
        stop(workspace)
    shutil.rmtree(workspace.folder, ignore_errors=True)
    print("The local cloud is destroyed; no resources are left.")


def _put_secrets(address: Address, stage: str) -> None:
    """Store the secrets that docs/run/deploy.md tells its reader to create for each stage."""
    ssm = address.client("ssm")
    for name in SECRETS:
        ssm.put_parameter(
            Name=f"/lectern/{stage}/{name}", Value=secrets.token_hex(32), Type="SecureString"
        )
    ssm.close()


def _summary(workspace: Workspace, address: Address, url: str) -> str:
    variables = " ".join(f"{k}={v}" for k, v in address.environ().items())
    return "\n".join(
        [
            "",
            "Lectern is deployed to an AWS account on this machine.",
            f"  socket     {url}",
            f"  console    http://127.0.0.1:{address.port}/",
            f"  log        {workspace.log}",
            f"  AWS APIs   export {variables}",
            "  update     make deploy-local",
            "  destroy    make destroy-local",
        ]
    )
