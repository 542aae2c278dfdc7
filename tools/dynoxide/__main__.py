"""`python -m tools.dynoxide pytest tests/…` runs a command with a dynoxide in `DYNAMODB_URL`."""

import os
import subprocess
import sys

from tools import dynoxide

if not dynoxide.is_installed():
    sys.exit("dynoxide is not installed: run `npm ci --prefix tools/dynoxide` (Linux on x86-64)")
with dynoxide.running() as url:
    environ = os.environ | {"DYNAMODB_URL": url}
    sys.exit(subprocess.run(sys.argv[1:], env=environ, check=False).returncode)
