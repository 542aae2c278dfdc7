"""The limit: aiohttp's own WebSocket server with the echo app in its handler, and nothing of AWS.

    python -m bench.gateways.bare

Posts go over HTTP to a route of the same server that checks no signature. Lectern's wire sends
them, from a thread, as for the sandbox.
"""

import asyncio
import socket
import sys

from aiohttp import WSMsgType, web

from bench.gateways.echo import wire
from chalicelib.domain.types import ConnectionId


class Bare:
    """Who is connected, and what the echo app does with a message."""

    def __init__(self, port: int) -> None:
        self.wire = wire(port)
        self.open: dict[str, web.WebSocketResponse] = {}
        self.closed = 0

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse(compress=False)
        await response.prepare(request)
        name = str(id(response))
        self.open[name] = response
        async for message in response:
            if message.type is WSMsgType.TEXT:
                await self._message(name, message.data)
        del self.open[name]
        self.closed += 1
        return response

    async def posted(self, request: web.Request) -> web.Response:
        await self.open[request.match_info["name"]].send_str(await request.text())
        return web.Response()

    async def _message(self, name: str, text: str) -> None:
        kind, _, rest = text.partition(" ")
        if kind == "echo":
            await self.open[name].send_str(text)
        elif kind == "post":
            await asyncio.to_thread(self.wire.post, ConnectionId(name), text.encode())
        elif kind == "fan":
            count = int(rest.partition(" ")[0])
            others = [each for each in self.open if each != name][-count:]
            posts = [(ConnectionId(each), text.encode()) for each in others]
            await asyncio.to_thread(self.wire.fan_out, posts, lambda: 20.0)
        elif kind == "closed":
            await self.open[name].send_str(str(self.closed))


async def main() -> None:
    sock = socket.create_server(("127.0.0.1", 0), backlog=4096)
    port = sock.getsockname()[1]
    bare, app = Bare(port), web.Application()
    app.router.add_get("/local", bare.socket)
    app.router.add_post("/local/@connections/{name}", bare.posted)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, sock, backlog=4096).start()
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
