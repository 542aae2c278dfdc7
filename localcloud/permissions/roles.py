"""The policies that are applied to roles and functions, read from the control plane."""

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.context import Context


def documents_of(context: Context, role: str) -> list[str]:
    """Return the JSON of each inline and attached policy of a role; none if the role is gone."""
    from moto.iam.exceptions import NotFoundException  # noqa: PLC0415 - loads all of IAM

    try:
        applied = context.backend("iam").get_role_by_arn(role)
    except NotFoundException:
        return []
    attached = [
        version.document
        for policy in applied.managed_policies.values()
        for version in policy.versions
        if version.is_default
    ]
    return [*applied.policies.values(), *attached]


def statements_of_function(context: Context, name: str) -> Sequence[Mapping[str, Any]]:
    """Return the statements of a function's own policy; none if the function is gone."""
    from moto.awslambda.exceptions import UnknownFunctionException  # noqa: PLC0415 - loads Lambda

    try:
        statements: list[dict[str, Any]] = (
            context.backend("lambda").get_function(name).policy.statements
        )
    except UnknownFunctionException:
        return []
    return statements
