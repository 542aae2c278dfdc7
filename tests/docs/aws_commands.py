"""Compare the `aws` commands of the pages with AWS's own model of each API."""

import re
import shlex
from collections.abc import Iterator

from botocore import xform_name
from botocore.session import Session

from tests.docs.blocks import blocks_of
from tests.docs.shell import commands

_OF_THE_TOOL = {"query", "output", "region", "profile"}
"""Options that `aws` has for every command."""
_RENAMED = {"notification-endpoint": "endpoint"}
"""Options that the tool names differently from the API: that of `sns subscribe`."""


def aws_commands(text: str) -> Iterator[str]:
    """Yield each command of a page, in its blocks or within a sentence, without `aws`."""
    for block in blocks_of(text):
        for command in commands(block.text) if not block.language else []:
            before, found, after = command.partition("aws ")
            if (found and not before.strip("$(")) or before.endswith(("do ", "$(")):
                yield after.removesuffix(")") if before.endswith("$(") else after
    yield from re.findall(r"`aws ([^`]+)`", text.replace("\n", " "))


def problems(command: str) -> list[str]:
    """Return what is wrong with `ssm put-parameter --name …`; nothing if AWS would accept it."""
    service, operation, *rest = shlex.split(command.replace("…", "X"))
    model = Session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return [f"{service} has no {operation}"]
    shape = model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-"): name for name in shape.members} if shape else {}
    required = shape.required_members if shape else []
    options = [word.removeprefix("--") for word in rest if word.startswith("--")]
    given = {_RENAMED.get(option, option) for option in options}
    unknown = [
        f"{operation} has no --{option}"
        for option in sorted(given - _OF_THE_TOOL)
        if option.removeprefix("no-") not in members
    ]
    missing = [
        f"{operation} needs --{option}"
        for option, name in members.items()
        if given and name in required and option not in given
    ]
    return unknown + missing
