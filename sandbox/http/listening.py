"""The sockets on which a server of a local stack listens."""

import asyncio
import socket

BACKLOG = 4096


def loopback_sockets(sock: socket.socket) -> list[socket.socket]:
    """Return a socket that is bound to 127.0.0.1, and one on the same port of ::1.

    `localhost` may lead to either. Without the second where the machine has no IPv6, or where the
    port is taken there.
    """
    host, port = sock.getsockname()[:2]
    if host != "127.0.0.1":
        return [sock]
    try:
        return [sock, socket.create_server(("::1", port), family=socket.AF_INET6, backlog=BACKLOG)]
    except OSError:
        return [sock]


async def stop_listening(listener: asyncio.Server) -> None:
    """Close a listener once every connection that it has accepted has its protocol.

    asyncio connects the protocol two rounds of the loop after the accept. That fails if the
    listener is closed in between, and the socket would stay open for good.
    """
    loop = asyncio.get_running_loop()
    for each in listener.sockets:
        loop.remove_reader(each.fileno())
    for _ in range(3):
        await asyncio.sleep(0)
    listener.close()
