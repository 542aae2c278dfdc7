"""Deploy and destroy: what a user of the local cloud runs."""

import secrets
import shutil
from collections.abc import Sequence

from localcloud.local.leftovers import leftovers
from localcloud.local.place import Address, Place
from localcloud.local.process import CloudError, start, stop
from localcloud.local.terraform import Terraform

__all__ = ["CloudError", "deploy", "destroy"]

SECRETS = ("jwt-secret", "resume-token-secret")


def deploy(
    place: Place, port: int, api_port: int, options: Sequence[str] = (), *, show: bool = True
) -> str:
    """Starts an account if none runs, applies the project to it; answers the socket's URL.

    `options` are for `terraform apply`, `-var …` for instance. Raises CloudError.
    """
    if shutil.which("terraform") is None:
        raise CloudError("The local cloud needs Terraform 1.7 or newer in the PATH.")
    place.folder.mkdir(parents=True, exist_ok=True)
    address = place.running()
    began = address is None
    if address is None:
        address = start(place, port, api_port)
    terraform = Terraform(place, address)
    if began:
        terraform.forget()
        _put_secrets(address, place.stage)
    print(f"The account answers at {address.api_url}; packaging stage {place.stage} ...")
    terraform.prepare()
    terraform.run("apply", "-auto-approve", "-compact-warnings", *options, show=show)
    url = terraform.outputs()["websocket_url"]
    print(_welcome(place, address, url))
    return url


def destroy(place: Place, options: Sequence[str] = (), *, show: bool = True) -> None:
    """Destroys what was applied, sees that nothing is left, ends the account. Raises CloudError."""
    address = place.running()
    if address is not None:
        terraform = Terraform(place, address)
        terraform.run("destroy", "-auto-approve", "-compact-warnings", *options, show=show)
        left = leftovers(address)
        if left:
            raise CloudError("The destroy left something behind:\n  " + "\n  ".join(left))
        stop(place)
    shutil.rmtree(place.folder, ignore_errors=True)
    print("Nothing is left.")


def _put_secrets(address: Address, stage: str) -> None:
    """What docs/run/deploy.md has its reader do once an account and stage."""
    ssm = address.client("ssm")
    for name in SECRETS:
        ssm.put_parameter(
            Name=f"/lectern/{stage}/{name}", Value=secrets.token_hex(32), Type="SecureString"
        )
    ssm.close()


def _welcome(place: Place, address: Address, url: str) -> str:
    variables = " ".join(f"{k}={v}" for k, v in address.environ().items())
    return "\n".join(
        [
            "",
            "Lectern is applied to an AWS account on this machine.",
            f"  socket     {url}",
            f"  console    http://127.0.0.1:{address.port}/",
            f"  log        {place.log}",
            f"  AWS APIs   export {variables}",
            "  update     make deploy-local",
            "  end        make destroy-local",
        ]
    )
