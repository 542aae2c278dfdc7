"""Make `docs/run/openapi.yaml` from the code: the operator API, operation by operation.

Everything comes from `chalicelib.api`: paths, parameters, responses and errors.
"""

import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from chalicelib.api.operations import OPERATIONS, Operation
from chalicelib.api.problems import CONTENT_TYPE
from chalicelib.api.responses import ApiResponse, Problem
from chalicelib.errors import Code
from tools.asyncapi import optional_or_null, portable

Json = dict[str, Any]
TARGET = Path(__file__).parent.parent / "docs" / "run" / "openapi.yaml"
_SCHEMAS = "#/components/schemas/{name}"
_ALWAYS = (403, 429, 500, 503)
_REASONS = {
    400: "a parameter or the body is invalid: `errors` names the field",
    403: "on AWS: no signature, or no permission (API Gateway's own)",
    404: "there is no such session, or it has ended (for operations that need an active one)",
    409: "the speaker has paused the broadcast",
    413: "the message would exceed 128 KB on its way to a connection",
    415: "the body is not `application/json`",
    429: "on AWS: too many calls (API Gateway's own)",
    500: "a bug: find it in the log by `correlationId`",
    503: "a service that Lectern depends on did not respond: try again in a moment",
}
_HEADERS: Json = {
    "X-Request-Id": {
        "description": "the id in every log line of the request",
        "schema": {"type": "string"},
    }
}


def document() -> Json:
    """Return the whole OpenAPI 3.1 document."""
    paths: Json = {}
    for name, operation in OPERATIONS.items():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(name, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lectern operator API",
            "version": "1",
            "description": "Sessions, broadcasts, removals, health: for operators and services.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "http://127.0.0.1:8000", "description": "`make run`: without access control"},
            {
                "url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}",
                "description": "Terraform's output `operator_api_url`",
                "variables": {
                    "api": {"default": "api"},
                    "region": {"default": "us-east-1"},
                    "stage": {"default": "dev"},
                },
            },
        ],
        "security": [{"sigv4": []}, {}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(_schemas().items())),
            "responses": {str(status): _refusal(status) for status in sorted(_REASONS)},
            "securitySchemes": {
                "sigv4": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "AWS Signature Version 4 for `execute-api`; on AWS only",
                }
            },
        },
    }


def _operation(name: str, operation: Operation) -> Json:
    described: Json = {
        "operationId": name,
        "summary": _first_line(operation.run),
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(operation.body)}},
        }
    return {key: value for key, value in described.items() if value}


def _parameters(operation: Operation) -> typing.Iterator[Json]:
    schema = _components((operation.parameters,))[operation.parameters.__name__]
    for name, each in schema["properties"].items():
        in_path = f"{{{name}}}" in operation.path
        yield {
            "name": name,
            "in": "path" if in_path else "query",
            **({"required": True} if in_path else {}),
            **({"description": each.pop("description")} if "description" in each else {}),
            "schema": each,
        }


def _responses(operation: Operation) -> Json:
    takes = operation.body is not None or bool(operation.parameters.__struct_fields__)
    refusals = {*operation.refusals, *_ALWAYS, *([400] if takes else [])}
    responses: Json = {"200": _answer(operation.response, _first_line(operation.response))}
    for status in sorted(refusals):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    for status, text in operation.other_responses.items():
        responses[str(status)] = _answer(operation.response, text)
        responses[str(status)]["content"] |= _refusal(status)["content"]
    return responses


def _answer(struct: type[ApiResponse], description: str) -> Json:
    return {
        "description": description,
        "headers": _HEADERS,
        "content": {"application/json": {"schema": _reference(struct)}},
    }


def _refusal(status: int) -> Json:
    return {
        "description": _REASONS[status],
        "content": {CONTENT_TYPE: {"schema": _reference(Problem)}},
    }


def _schemas() -> Json:
    structs: list[Any] = [Problem]
    for operation in OPERATIONS.values():
        structs += [operation.response, *([operation.body] if operation.body else [])]
    schemas = _components(tuple(structs))
    for operation in OPERATIONS.values():
        if operation.body is not None:
            name = operation.body.__name__
            schemas[name] = optional_or_null(schemas[name])
    codes = [code.value for code in Code]
    schemas["Problem"]["properties"]["code"]["examples"] = codes
    return schemas


def _components(structs: tuple[Any, ...]) -> Json:
    _, parts = msgspec.json.schema_components(structs, ref_template=_SCHEMAS)
    return portable(parts)


def _reference(struct: type[msgspec.Struct]) -> Json:
    return {"$ref": _SCHEMAS.format(name=struct.__name__)}


def _first_line(thing: Callable[..., Any]) -> str:
    return (inspect.getdoc(thing) or "").splitlines()[0]


class _Dumper(yaml.SafeDumper):
    """A dumper that repeats recurring parts: anchors are hard to read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def text() -> str:
    head = "# Generated from chalicelib/api by `python -m tools.openapi`. Do not edit.\n"
    body: str = yaml.dump(
        document(), Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True
    )
    return head + body


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
