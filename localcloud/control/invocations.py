"""Lambda's Invoke, as SDKs and `aws lambda invoke` send it; moto would start Docker for it."""

import asyncio
import json
import re
from urllib.parse import unquote

from aiohttp import web

from localcloud.errors import AccountError
from localcloud.functions import Functions

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations\Z")


class Invocations:
    """Responds to invocations over HTTP, beside the calls that are carried out one at a time."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def function_of(self, request: web.BaseRequest) -> str | None:
        """Return the function that the request invokes; None for any other request."""
        match = _PATH.match(request.path) if request.method == "POST" else None
        if match is None:
            return None
        qualifier = request.query.get("Qualifier")
        name = unquote(match[1])
        return f"{name}:{qualifier}" if qualifier else name

    async def respond(
        self, request: web.BaseRequest, function: str, content: bytes
    ) -> web.StreamResponse:
        """Invoke the function with the JSON in `content`, as `X-Amz-Invocation-Type` says."""
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        try:
            event = json.loads(content or b"{}")
        except ValueError:
            return _refused(400, "InvalidRequestContentException", "The payload is not JSON")
        if kind == "DryRun":
            return web.Response(status=204)
        try:
            if kind == "Event":
                await asyncio.to_thread(self._functions.invoke_async, function, event)
                return web.Response(status=202)
            done = await asyncio.to_thread(self._functions.invoke, function, event)
        except AccountError as problem:
            return _refused(problem.status, problem.code, str(problem))
        headers = {"x-amzn-RequestId": done.request_id, "X-Amz-Executed-Version": "$LATEST"}
        if done.error:
            headers["X-Amz-Function-Error"] = done.error
        return web.Response(body=done.payload, headers=headers, content_type="application/json")


def _refused(status: int, code: str, message: str) -> web.Response:
    body = {"Type": "User", "Message": message}
    return web.json_response(body, status=status, headers={"x-amzn-ErrorType": code})
