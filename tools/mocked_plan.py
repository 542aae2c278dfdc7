"""Plan a packaged stage without an AWS account.

`terraform test` plans with a mocked provider and, with -verbose, prints each plan as JSON. This
module reads those plans, for tests/terraform and as a file for a policy checker. Values that only
AWS knows (an ARN, an id) are KNOWN_AFTER_APPLY.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tools.package import ROOT, package

KNOWN_AFTER_APPLY = "known after apply"
NOT_COPIED = shutil.ignore_patterns(
    ".terraform*", "*.tfstate*", "chalice.tf.json", "deployment.zip", "__pycache__"
)


@dataclass(frozen=True)
class Resource:
    """A planned resource; `values` are its attributes, blocks as lists."""

    address: str
    type: str
    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """The plan of one `run` block of a test file."""

    resources: tuple[Resource, ...]
    taggable: frozenset[str]
    """Return the types of resources that the provider can tag."""

    def of_type(self, kind: str) -> dict[str, Resource]:
        """Return the resources of a type, by address."""
        return {each.address: each for each in self.resources if each.type == kind}

    def __getitem__(self, address: str) -> Mapping[str, Any]:
        return next(each.values for each in self.resources if each.address == address)


def packaged_copy(stage: str, folder: Path, project: Path = ROOT) -> Path:
    """Package `stage` of a copy of the project in `folder`, and return its Terraform folder.

    The copy has no requirements: plans do not depend on them, and fetching them takes time.
    """
    for name in ("chalicelib", "terraform", ".chalice"):
        shutil.copytree(project / name, folder / name, ignore=NOT_COPIED)
    shutil.copy(project / "app.py", folder)
    (folder / "requirements.txt").touch()
    package(folder, stage, folder / "terraform")
    terraform(folder / "terraform", "init", "-backend=false")
    return folder / "terraform"


def terraform(folder: Path, *arguments: str) -> str:
    """Run terraform in `folder` and return its output.

    Raises RuntimeError with the output if it fails.
    """
    # Plain errors, no colours, no check for updates, no prompts.
    settings = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0"}
    command = ["terraform", *arguments]
    environment = {**os.environ, **settings, "AWS_REGION": "eu-central-1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def mocked_plans(folder: Path, *names: str) -> dict[str, dict[str, Plan]]:
    """Return the plans of the `run` blocks of `tests/<name>.tftest.hcl`, by file and block.

    Without `names` of all test files. Raises RuntimeError if a run block fails.
    """
    filters = [f"-filter=tests/{name}.tftest.hcl" for name in names]
    output = terraform(folder, "test", "-json", "-verbose", *filters)
    plans: dict[str, dict[str, Plan]] = {}
    for line in map(_decode_line, output.splitlines()):
        if line.test_plan is not None:
            file = Path(line.file).name.removesuffix(".tftest.hcl")
            plans.setdefault(file, {})[line.run] = _plan(line.test_plan)
    return plans


class _Block(msgspec.Struct):
    attributes: dict[str, msgspec.Raw] = {}


class _ResourceSchema(msgspec.Struct):
    block: _Block


class _ProviderSchema(msgspec.Struct):
    resource_schemas: dict[str, _ResourceSchema] = {}


class _PlanContent(msgspec.Struct):
    provider_schemas: dict[str, _ProviderSchema]
    resource_changes: list[dict[str, Any]]


class _Line(msgspec.Struct):
    """A line of `terraform test -json`. Each plan includes the whole schema of the provider, 20 MB
    of JSON; what is not declared here is skipped."""

    file: str = msgspec.field(name="@testfile", default="")
    run: str = msgspec.field(name="@testrun", default="")
    test_plan: _PlanContent | None = None


_decode_line = msgspec.json.Decoder(_Line).decode


def _plan(content: _PlanContent) -> Plan:
    schemas = next(iter(content.provider_schemas.values())).resource_schemas
    taggable = [name for name, of in schemas.items() if "tags" in of.block.attributes]
    return Plan(tuple(_resources(content.resource_changes)), frozenset(taggable))


def _resources(changes: list[dict[str, Any]]) -> Iterator[Resource]:
    for change in changes:
        if change["mode"] == "managed":
            values = _filled(change["change"]["after"], change["change"]["after_unknown"])
            yield Resource(change["address"], change["type"], change["name"], values)


def _filled(known: Any, unknown: Any) -> Any:
    """Return `known` with KNOWN_AFTER_APPLY wherever `unknown`, of the same shape, is true."""
    if unknown is True:
        return KNOWN_AFTER_APPLY
    if isinstance(unknown, dict):
        base = known or {}
        keys = dict.fromkeys([*base, *unknown])
        return {key: _filled(base.get(key), unknown.get(key)) for key in keys}
    if isinstance(unknown, list) and unknown:
        padded = (known or []) + [None] * (len(unknown) - len(known or []))
        return [_filled(one, other) for one, other in zip(padded, unknown, strict=False)]
    return known


def as_plan_file(plan: Plan) -> dict[str, Any]:
    """Return `plan` in the form of `terraform show -json`, as far as policy checkers read it."""
    resources = [
        {
            "address": each.address,
            "mode": "managed",
            "type": each.type,
            "name": each.name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "values": each.values,
        }
        for each in plan.resources
    ]
    return {
        "format_version": "1.2",
        "terraform_version": "1.7.0",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": [
            {**each, "change": {"actions": ["create"], "before": None, "after": each["values"]}}
            for each in resources
        ],
        "configuration": {"root_module": {}},
    }


def main() -> None:
    """Write the plan of one run block of `tests/plan.tftest.hcl` to a file."""
    parser = argparse.ArgumentParser(description="Plan a stage with a mocked provider.")
    parser.add_argument("--stage", default="prod")
    parser.add_argument("--run", default="options", help="a run block of tests/plan.tftest.hcl")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = packaged_copy(arguments.stage, Path(folder))
        plan = mocked_plans(copy, "plan")["plan"][arguments.run]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(as_plan_file(plan), indent=1))


if __name__ == "__main__":
    main()
