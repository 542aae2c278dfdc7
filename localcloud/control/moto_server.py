"""moto's server without HTTP: carries out requests to every service that moto knows."""

from collections.abc import Mapping
from dataclasses import dataclass

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client


@dataclass(frozen=True)
class Request:
    """An HTTP request; `path` is as it was sent, with the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class MotoServer:
    """Carries out requests at once. Not thread-safe."""

    def __init__(self) -> None:
        self._client = Client(DomainDispatcherApplication(create_backend_app), use_cookies=False)

    def respond(self, request: Request) -> Response:
        """Carry out a request to the service that it is signed for."""
        response = self._client.open(
            request.path,
            method=request.method,
            headers=dict(request.headers),
            data=request.body,
            base_url=f"http://{request.headers.get('Host', 'localhost')}",
        )
        kept = {k: v for k, v in response.headers.items() if k.lower() not in _HOP_BY_HOP}
        return Response(response.status_code, kept, response.get_data())


_HOP_BY_HOP = {"content-length", "connection", "transfer-encoding", "date", "server"}
