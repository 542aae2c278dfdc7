"""Make `docs/use/protocol.html` from the AsyncAPI document: a page that opens without a server."""

import html
import json
from pathlib import Path
from typing import Any

from tools.asyncapi import document

Json = dict[str, Any]
TARGET = Path(__file__).parent.parent / "docs" / "use" / "protocol.html"

_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 15%, transparent) }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 64rem; margin: 3rem auto; padding: 0 1rem }
h2 { margin-top: 3rem } h3 { margin: 2.5rem 0 .5rem; font-family: ui-monospace, monospace }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .35rem .6rem;
border-bottom: 1px solid var(--line); vertical-align: top } code, pre { font: 14px ui-monospace,
monospace } pre { background: color-mix(in srgb, currentColor 6%, transparent); padding: .8rem 1rem;
overflow-x: auto; border-radius: .5rem } nav { columns: 14rem } nav a { display: block }
.optional { opacity: .65 }
"""


def page() -> str:
    """Return the whole page."""
    spec = document()
    components = spec["components"]
    parts = [
        _tag("h1", spec["info"]["title"]),
        _tag("p", spec["info"]["description"]),
        '<p>The rules of the protocol are in <a href="protocol.md">protocol.md</a>.</p>',
        "<nav>" + "".join(_link(name) for name in spec["operations"]) + "</nav>",
        _tag("h2", "Requests of a client, and their replies"),
    ]
    pushes: list[str] = []
    for name, operation in spec["operations"].items():
        section = _operation(name, operation, components)
        (parts if operation["action"] == "receive" else pushes).append(section)
    parts += [_tag("h2", "Messages without a request"), *pushes]
    parts += [_tag("h2", "Errors"), _message("error", components)]
    body = "\n".join(parts)
    return (
        "<!doctype html>\n<!-- Generated from the code by `python -m tools.protocol_page`. -->\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Lectern wire protocol</title><style>{_STYLE}</style></head>"
        f"<body>\n{body}\n</body></html>\n"
    )


def _operation(name: str, operation: Json, components: Json) -> str:
    own = operation["messages"][0]["$ref"].rsplit("/", 1)[1]
    section = f'<section id="{name}">{_tag("h3", name)}{_message(own, components)}'
    if "reply" in operation:
        reply = operation["reply"]["messages"][0]["$ref"].rsplit("/", 1)[1]
        section += f"<p>The reply is <code>{reply}</code>:</p>{_message(reply, components)}"
    return section + "</section>"


def _message(name: str, components: Json) -> str:
    """Return the fields of a message, and an example."""
    message = components["messages"][name]
    schema = components["schemas"][message["payload"]["$ref"].rsplit("/", 1)[1]]
    required = set(schema.get("required", []))
    rows = "".join(
        f"<tr{'' if field in required else ' class=optional'}><td><code>{field}</code></td>"
        f"<td>{_kind(kind)}</td><td>{'required' if field in required else 'optional'}</td></tr>"
        for field, kind in schema["properties"].items()
    )
    example = json.dumps(message["examples"][0]["payload"], ensure_ascii=False, indent=2)
    return f"<table>{rows}</table>{_tag('pre', example)}"


def _kind(schema: Json) -> str:
    """Return a field's type in a few words."""
    if "$ref" in schema:
        return html.escape(schema["$ref"].rsplit("/", 1)[1])
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " or ".join(f"<code>{html.escape(json.dumps(value))}</code>" for value in values)
    words = str(schema.get("type", "any JSON"))
    limits = {
        key: schema[key] for key in ("pattern", "minimum", "maximum", "maxLength") if key in schema
    }
    described = ", ".join(
        f"{key} <code>{html.escape(str(value))}</code>" for key, value in limits.items()
    )
    return f"{words}, {described}" if described else words


def _link(name: str) -> str:
    return f'<a href="#{name}">{name}</a>'


def _tag(name: str, text: str) -> str:
    return f"<{name}>{html.escape(text, quote=False)}</{name}>"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
