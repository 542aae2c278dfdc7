"""Deploy and destroy: what a user of the local cloud runs."""

import secrets
import shutil
from collections.abc import Sequence

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
    show: bool = True,
) -> str:
    """Starts an account if none runs, applies the project to it; answers the socket's URL.

    `options` are for `terraform apply`, `-var …` for instance. Raises CloudError.
    """
    if shutil.which("terraform") is None:
        raise CloudError("The local cloud needs Terraform 1.7 or newer in the PATH.")
    workspace.folder.mkdir(parents=True, exist_ok=True)
    address = workspace.running()
    began = address is None
    if address is None:
        address = start(workspace, port, api_port)
    terraform = Terraform(workspace, address)
    if began:
        terraform.forget()
        _put_secrets(address, workspace.stage)
    print(f"The account answers at {address.api_url}; packaging stage {workspace.stage} ...")
    terraform.prepare()
    terraform.run("apply", "-auto-approve", "-compact-warnings", *options, show=show)
    url = terraform.outputs()["websocket_url"]
    print(_welcome(workspace, address, url))
    return url


def destroy(workspace: Workspace, options: Sequence[str] = (), *, show: bool = True) -> None:
    """Destroys what was applied, sees that nothing is left, ends the account. Raises CloudError."""
    address = workspace.running()
    if address is not None:
        terraform = Terraform(workspace, address)
        terraform.run("destroy", "-auto-approve", "-compact-warnings", *options, show=show)
        left = remaining_resources(address)
        if left:
            raise CloudError("The destroy left something behind:\n  " + "\n  ".join(left))
        stop(workspace)
    shutil.rmtree(workspace.folder, ignore_errors=True)
    print("Nothing is left.")


def _put_secrets(address: Address, stage: str) -> None:
    """What docs/run/deploy.md has its reader do once an account and stage."""
    ssm = address.client("ssm")
    for name in SECRETS:
        ssm.put_parameter(
            Name=f"/lectern/{stage}/{name}", Value=secrets.token_hex(32), Type="SecureString"
        )
    ssm.close()


def _welcome(workspace: Workspace, address: Address, url: str) -> str:
    variables = " ".join(f"{k}={v}" for k, v in address.environ().items())
    return "\n".join(
        [
            "",
            "Lectern is applied to an AWS account on this machine.",
            f"  socket     {url}",
            f"  console    http://127.0.0.1:{address.port}/",
            f"  log        {workspace.log}",
            f"  AWS APIs   export {variables}",
            "  update     make deploy-local",
            "  end        make destroy-local",
        ]
    )
