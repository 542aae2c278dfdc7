"""`python -m bench.crowd --of CHECKOUT`: the storms of another version's code, as JSON.

With `--latency` its single actions instead, as a table.

The handlers, settings and Terraform are the checkout's; the AWS around them is this version's.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def use(checkout: Path) -> None:
    """Let `chalicelib` be that of a checkout, in this process."""
    package = checkout / "chalicelib"
    spec = importlib.util.spec_from_file_location(
        "chalicelib", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["chalicelib"] = module
    spec.loader.exec_module(module)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--of", type=Path, default=ROOT, help="a checkout of another version")
    options.add_argument("--only", default="", help="part of the name of a storm")
    options.add_argument("--latency", action="store_true", help="single actions, not storms")
    chosen = options.parse_args()
    use(chosen.of.resolve())
    if chosen.latency:
        from bench.latency import table

        sys.stdout.write(table(chosen.of.resolve()).markdown())
        return
    from bench.crowd.suite import run

    json.dump(run(chosen.of.resolve(), chosen.only), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
