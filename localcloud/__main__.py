"""`python -m localcloud deploy | destroy | serve`: what the Makefile's targets run."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from localcloud.deploy.commands import CloudError, deploy, destroy
from localcloud.deploy.serve import serve
from localcloud.deploy.workspace import Workspace


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; answers the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m localcloud", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("command", choices=["deploy", "destroy", "serve"])
    parser.add_argument("--folder", type=Path, default=Path(".local-cloud"), help="what it keeps")
    parser.add_argument("--stage", default="dev", help="stage of .chalice/config.json")
    parser.add_argument("--port", type=int, default=8003, help="of sockets; 0 for a free one")
    parser.add_argument("--api-port", type=int, default=8002, help="of the AWS APIs")
    options, terraform = parser.parse_known_args(arguments)
    workspace = Workspace(options.folder.resolve(), options.stage)
    try:
        if options.command == "serve":
            serve(workspace, options.port, options.api_port)
        elif options.command == "deploy":
            deploy(workspace, options.port, options.api_port, terraform)
        else:
            destroy(workspace, terraform)
    except CloudError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
