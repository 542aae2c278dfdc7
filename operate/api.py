"""A client of the operator API: one method for each operation that the tool uses."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from operate.failures import AccessDenied, Failure, Refused, Unreachable
from operate.target import Target

Json = dict[str, Any]
_SECONDS = 35.0
"""API Gateway's own timeout is 29 seconds."""


class Api:
    """A client of one stack's API. Every method raises a `Failure`."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._http = urllib3.PoolManager(retries=False, timeout=_SECONDS)

    def sessions(self, tenant: str | None = None, *, active: bool = True) -> Iterator[Json]:
        """Yield the active sessions of all tenants, or the sessions of one, page by page."""
        if tenant is None:
            return self._listed("/v1/sessions", "sessions", {})
        path = f"/v1/tenants/{_name(tenant)}/sessions"
        return self._listed(path, "sessions", {"active": "true"} if active else {})

    def session(self, session_id: str) -> Json:
        """Return one session, active or ended."""
        return self.ask("GET", f"/v1/sessions/{_name(session_id)}")

    def connections(self, session_id: str) -> Iterator[Json]:
        """Yield the connections of a session, its speaker's first."""
        return self._listed(f"/v1/sessions/{_name(session_id)}/connections", "connections", {})

    def broadcast(self, session_id: str, data: Any, language: str | None) -> Json:
        """Broadcast to all listeners of a session, or to those of one language."""
        body = {"data": data} | ({"targetLanguage": language} if language else {})
        return self.ask("POST", f"/v1/sessions/{_name(session_id)}/broadcasts", body)

    def tell(self, tenant: str, data: Any) -> Json:
        """Send a message to every connection of a tenant."""
        return self.ask("POST", f"/v1/tenants/{_name(tenant)}/messages", {"data": data})

    def end(self, session_id: str) -> Json:
        """End a session."""
        return self.ask("POST", f"/v1/sessions/{_name(session_id)}/end")

    def remove(self, tenant: str, user: str) -> Json:
        """Close a user's connections, and have their tokens refused."""
        path = f"/v1/tenants/{_name(tenant)}/users/{_name(user)}/connections"
        return self.ask("DELETE", path)

    def health(self) -> Json:
        """Return the health report, of an unhealthy stack too."""
        return self.ask("GET", "/v1/health", accepted=(200, 503))

    def ask(
        self, method: str, path: str, body: Json | None = None, accepted: tuple[int, ...] = (200,)
    ) -> Json:
        """Send one request and return its JSON body."""
        url = self.target.url.rstrip("/") + path
        sent = None if body is None else json.dumps(body).encode()
        try:
            answer = self._http.request(
                method, url, body=sent, headers=self.target.headers(method, url, sent)
            )
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from None
        found = _decoded(answer.data)
        if answer.status in accepted and found is not None and "code" not in found:
            return found
        raise _refusal(answer.status, found, self.target)

    def _listed(self, path: str, entries: str, query: dict[str, str]) -> Iterator[Json]:
        while True:
            page = self.ask("GET", f"{path}?{urlencode(query)}" if query else path)
            yield from page[entries]
            if "cursor" not in page:
                return
            query = query | {"cursor": page["cursor"]}

    def _unreachable(self, error: urllib3.exceptions.HTTPError) -> Failure:
        if self.target.is_local:
            advice = (
                "start the stack with `make run`, or name a deployed one with --url"
                " (`terraform -chdir=terraform output -raw operator_api_url`)"
            )
        else:
            advice = "check --url and the network"
        return Unreachable(f"no response from {self.target.url} ({type(error).__name__})", advice)


def _name(text: str) -> str:
    return quote(text, safe="")


def _decoded(data: bytes) -> Json | None:
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _refusal(status: int, found: Json | None, target: Target) -> Failure:
    """Return the failure that explains an error response to the operator."""
    problem = found or {}
    if status == 403:
        reason = problem.get("detail") or problem.get("message") or problem.get("Message")
        if target.is_local:
            return Unreachable(
                f"{target.url} is not the operator API ({reason})", "check the port in --url"
            )
        return AccessDenied(
            f"AWS denied access: {reason}",
            "you need execute-api:Invoke on the API (docs/run/deploy.md); check --profile",
        )
    if "detail" not in problem:
        return Unreachable(
            f"{target.url} returned {status}, but not in the form of the operator API",
            "check --url: that of a deployed stack ends with its stage",
        )
    return Refused(status, str(problem["code"]), str(problem["detail"]), _advice(problem))


def _advice(problem: Json) -> str:
    advice = {
        "SESSION_NOT_FOUND": "`python -m operate sessions` lists the active ones",
        "SESSION_INACTIVE": "`python -m operate sessions` lists the active ones",
        "BROADCAST_PAUSED": "wait until the speaker resumes",
        "SERVICE_UNAVAILABLE": "try again; `python -m operate health` shows what is down",
        "INTERNAL_ERROR": f"search the log of api_handler for {problem.get('correlationId')}",
    }
    return advice.get(str(problem["code"]), "")
