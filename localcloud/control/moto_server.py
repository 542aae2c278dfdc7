"""moto's server without its HTTP: requests of every service that moto knows, in this process."""

from collections.abc import Mapping
from dataclasses import dataclass

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client


@dataclass(frozen=True)
class Request:
    """An HTTP request; `path` is as it was sent, with its query."""

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
    """To be used by one thread at a time; what is asked is carried out at once."""

    def __init__(self) -> None:
        self._client = Client(DomainDispatcherApplication(create_backend_app), use_cookies=False)

    def answer(self, request: Request) -> Response:
        """Carries out one request, told apart by the service that it is signed for."""
        answer = self._client.open(
            request.path,
            method=request.method,
            headers=dict(request.headers),
            data=request.body,
            base_url=f"http://{request.headers.get('Host', 'localhost')}",
        )
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
        return Response(answer.status_code, kept, answer.get_data())


_HOP_BY_HOP = {"content-length", "connection", "transfer-encoding", "date", "server"}
