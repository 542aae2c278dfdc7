"""The files of the console, and the JavaScript client that it uses."""

from pathlib import Path

from aiohttp import web

CONSOLE = Path(__file__).parents[1] / "console"
CLIENT = Path(__file__).parents[2] / "clients" / "js" / "lectern.js"
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".map": "application/json",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


def page(request: web.BaseRequest) -> web.StreamResponse:
    """Return the file that a path names; 404 if there is none."""
    path = _path(request.path)
    if path is None:
        return web.json_response({"message": "there is nothing at this path"}, status=404)
    if request.method not in ("GET", "HEAD"):
        return web.json_response({"message": "use GET"}, status=405)
    return web.Response(
        body=path.read_bytes(),
        content_type=_TYPES[path.suffix],
        charset="utf-8" if _TYPES[path.suffix].startswith("text/") else None,
        headers={"Cache-Control": "no-cache"},
    )


def _path(requested: str) -> Path | None:
    if requested == "/":
        return CONSOLE / "index.html"
    if requested in {"/clients/js/lectern.js", "/clients/js/lectern.js.map"}:
        return CLIENT.with_name(requested.rpartition("/")[2])
    path = (CONSOLE / requested.lstrip("/")).resolve()
    known = path.is_relative_to(CONSOLE) and path.suffix in _TYPES and path.is_file()
    return path if known else None
