"""Deploy the project to an AWS account on this machine, look at its alarms, destroy it.

`make deploy-local`, `make alarms-local` and `make destroy-local` run `deploy`, `alarms` and
`destroy`; `serve` is the account's own process. Other arguments are passed on to Terraform.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from localcloud.deploy.alarm_table import print_alarms
from localcloud.deploy.commands import CloudError, deploy, destroy
from localcloud.deploy.serve import serve
from localcloud.deploy.workspace import Workspace
from sandbox.conditions.current_physics import PhysicsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status, 1 for a failure."""
    options, terraform = _parser().parse_known_args(arguments)
    workspace = Workspace(options.folder.resolve(), options.stage)
    try:
        match options.command:
            case "serve":
                serve(workspace, options.port, options.api_port)
            case "deploy":
                deploy(workspace, options.port, options.api_port, terraform)
            case "alarms":
                return print_alarms(workspace)
            case _:
                destroy(workspace, terraform)
    except (CloudError, PhysicsError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localcloud", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("command", choices=["deploy", "destroy", "alarms", "serve"])
    parser.add_argument(
        "--folder", type=Path, default=Path(".local-cloud"), help="where its state is kept"
    )
    parser.add_argument("--stage", default="dev", help="a stage of .chalice/config.json")
    parser.add_argument("--port", type=int, default=8003, help="for sockets; 0 for a free one")
    parser.add_argument("--api-port", type=int, default=8002, help="for the AWS APIs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
