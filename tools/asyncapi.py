"""Make `docs/use/asyncapi.yaml` from the code: every action, reply, push and error.

The types come from `chalicelib.protocol`, the reply of each action from the signature of its
function, the examples from `tools.protocol_examples`.
"""

import inspect
import json
import typing
from pathlib import Path
from typing import Any

import msgspec
import yaml

from chalicelib.actions import dispatch
from chalicelib.actions.registry import ACTIONS as HANDLERS
from chalicelib.protocol.messages import Error, Message
from chalicelib.protocol.requests import ACTIONS, Request
from tools.protocol_examples import MESSAGES, REQUESTS, every_kind

Json = dict[str, Any]
TARGET = Path(__file__).parent.parent / "docs" / "use" / "asyncapi.yaml"
_ = dispatch  # imported for the actions that are registered with it
_SCHEMAS = "#/components/schemas/{name}"


def document() -> Json:
    """Return the whole AsyncAPI 3.0 document."""
    schemas, titles = _schemas()
    sent = {name: _message(f"{name}Request", titles[struct]) for name, struct in ACTIONS.items()}
    for name, example in REQUESTS.items():
        sent[name]["examples"] = [{"payload": {"action": name, "id": "1", **example}}]
    received = {_type(struct): _message(_type(struct), titles[struct]) for struct in every_kind()}
    for message in MESSAGES:
        payload = json.loads(msgspec.json.encode(message))
        received[payload["type"]]["examples"] = [{"payload": payload}]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lectern wire protocol",
            "version": "1",
            "description": "One speaker, many listeners, each in their own language.",
            "license": {"name": "Apache-2.0"},
        },
        "servers": {
            "local": {"host": "127.0.0.1:8001", "protocol": "ws"},
            "aws": {
                "host": "{api}.execute-api.{region}.amazonaws.com",
                "protocol": "wss",
                "variables": {"api": {}, "region": {"default": "us-east-1"}},
            },
        },
        "channels": {"socket": _channel(sent, received)},
        "operations": _operations(sent, received),
        "components": {
            "messages": {f"{name}Request": each for name, each in sent.items()} | received,
            "schemas": schemas,
        },
    }


def _type(struct: type[Message]) -> str:
    return str(struct.__struct_config__.tag)


def _schemas() -> tuple[Json, dict[type, str]]:
    """Return the schemas by name, and the name of each struct's schema."""
    schemas: Json = {}
    titles: dict[type, str] = {}
    for action, request in ACTIONS.items():
        titles[request] = f"{action}Request"
        schemas |= _schema_of(request, titles[request])
        schemas[titles[request]] = optional_or_null(schemas[titles[request]])
        schemas[titles[request]]["properties"] |= {"action": {"const": action}}
        schemas[titles[request]].setdefault("required", []).insert(0, "action")
    for message in every_kind():
        titles[message] = _type(message)
        schemas |= _schema_of(message, titles[message])
    return dict(sorted(schemas.items())), titles


def optional_or_null(schema: Json) -> Json:
    """Return the schema of a client's message: null in an optional field counts as absent."""
    required = schema.get("required", [])
    properties = {
        name: each if name in required else _or_null(each)
        for name, each in schema["properties"].items()
    }
    return schema | {"properties": properties}


def _or_null(schema: Json) -> Json:
    default = {key: value for key, value in schema.items() if key == "default"}
    kind = {key: value for key, value in schema.items() if key != "default"}
    return {"anyOf": [kind, {"type": "null"}], **default}


def _schema_of(struct: type[msgspec.Struct], title: str) -> Json:
    """Return the schema of a struct under `title`, and those of its parts."""
    (reference,), parts = msgspec.json.schema_components((struct,), ref_template=_SCHEMAS)
    own = reference["$ref"].rsplit("/", 1)[1]
    named = {title if name == own else name: schema for name, schema in parts.items()}
    return portable(named)


def portable(schemas: Json) -> Json:
    """Return msgspec's schemas without titles, and with nothing that only Python knows."""
    for schema in schemas.values():
        schema.pop("title", None)
        if "description" in schema:  # before Python 3.13, docstrings are indented
            schema["description"] = inspect.cleandoc(schema["description"])
    # JSON Schema has ECMAScript's expressions, where `$` is the very end, as Python's `\Z`.
    return typing.cast(Json, json.loads(json.dumps(schemas).replace("\\\\Z", "$")))


def _message(name: str, schema: str) -> Json:
    return {"name": name, "payload": {"$ref": _SCHEMAS.format(name=schema)}}


def _channel(sent: Json, received: Json) -> Json:
    names = [f"{name}Request" for name in sent] + list(received)
    return {
        "address": "/{stage}",
        "parameters": {"stage": {"description": "`local` on one machine"}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operations(sent: Json, received: Json) -> Json:
    """Return one operation for each action, with its reply, and one for each push."""
    operations: Json = {}
    replies: set[str] = set()
    for name in sent:
        reply = _type(_reply(ACTIONS[name]))
        replies.add(reply)
        operations[name] = {
            "action": "receive",
            "channel": {"$ref": "#/channels/socket"},
            "messages": [{"$ref": f"#/channels/socket/messages/{name}Request"}],
            "reply": {
                "channel": {"$ref": "#/channels/socket"},
                "messages": [
                    {"$ref": f"#/channels/socket/messages/{each}"} for each in (reply, "error")
                ],
            },
        }
    for name in received:
        if name not in replies - _ALSO_PUSHED and name != _type(Error):
            operations[f"on{name[0].upper()}{name[1:]}"] = {
                "action": "send",
                "channel": {"$ref": "#/channels/socket"},
                "messages": [{"$ref": f"#/channels/socket/messages/{name}"}],
            }
    return operations


_ALSO_PUSHED = {
    "broadcastStateChanged",
    "sessionStatus",
    "sessionEnded",
    "requestCancelled",
    "sessionCreated",
    "sessionJoined",
    "connectionRefreshComplete",
}
"""Replies that are also sent without a request, the last three after a handshake with `action=`."""


def _reply(request: type[Request]) -> type[Message]:
    """Return the reply type in the signature of the action's function."""
    answer: type[Message] = typing.get_type_hints(HANDLERS[request])["return"]
    return answer


def text() -> str:
    head = "# Generated from chalicelib/protocol by `python -m tools.asyncapi`. Do not edit.\n"
    return head + yaml.safe_dump(document(), sort_keys=False, width=100, allow_unicode=True)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
