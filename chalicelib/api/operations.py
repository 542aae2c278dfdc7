"""Every operation of the operator API: its path, parameters, responses and function.

`app.py` has a route for each; `docs/run/openapi.yaml` is made from this table.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET, Struct, field

from chalicelib.actions.broadcasting import broadcast, tenant_message
from chalicelib.actions.operator import health, listings, removal
from chalicelib.actions.operator.listings import Page
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import end
from chalicelib.api import parameters, responses
from chalicelib.api.views import connection_view, session_view
from chalicelib.domain.session import EVERYBODY, Session
from chalicelib.domain.types import SessionId, TenantId, UserId


class ApiCall(Struct, frozen=True):
    """One request, decoded. `parameters` and `body` are of the operation's own types."""

    parameters: Any
    body: Any
    request_id: str
    remaining: Remaining


class Operation(Struct, frozen=True):
    """One operation. `refusals` are the statuses of its errors besides 400, 500 and 503.

    `other_responses` are the statuses besides 200 that have its own response, with their meaning.
    """

    method: str
    path: str
    parameters: type[parameters.Parameters]
    response: type[responses.ApiResponse]
    run: Callable[[Services, ApiCall], responses.ApiResponse]
    body: type[Struct] | None = None
    refusals: tuple[int, ...] = ()
    status: Callable[[Any], int] = lambda _: 200
    other_responses: Mapping[int, str] = field(default_factory=dict)


def list_sessions(services: Services, call: ApiCall) -> responses.SessionPage:
    """List the active sessions of all tenants, page by page."""
    page = listings.active_sessions(
        services, cursor=_cursor(call.parameters), limit=call.parameters.limit
    )
    return _sessions(services, page)


def list_tenant_sessions(services: Services, call: ApiCall) -> responses.SessionPage:
    """List a tenant's sessions, newest first, including ended ones unless `active` is true."""
    page = listings.tenant_sessions(
        services,
        TenantId(call.parameters.tenant_id),
        cursor=_cursor(call.parameters),
        limit=call.parameters.limit,
        active_only=call.parameters.active,
    )
    return _sessions(services, page)


def get_session(services: Services, call: ApiCall) -> responses.SessionView:
    """Get a session with its counts, languages and streams."""
    found = listings.session(services, SessionId(call.parameters.session_id))
    return session_view(services, found)


def list_connections(services: Services, call: ApiCall) -> responses.ConnectionPage:
    """List a session's connections: the speaker's, then the listeners', by language."""
    page = listings.connections(
        services,
        SessionId(call.parameters.session_id),
        cursor=_cursor(call.parameters),
        limit=call.parameters.limit,
    )
    return responses.ConnectionPage(
        connections=[connection_view(services, each) for each in page.entries],
        cursor=page.cursor or UNSET,
    )


def broadcast_into_session(services: Services, call: ApiCall) -> responses.BroadcastResult:
    """Broadcast to a session's listeners, all of them or those of one language."""
    language = call.body.target_language
    said = broadcast.publish_broadcast(
        services,
        SessionId(call.parameters.session_id),
        EVERYBODY if language is UNSET else language,
        call.body.data,
        call.remaining,
        speaker=None,
    )
    return responses.BroadcastResult(
        session_id=said.session_id,
        stream=said.stream,
        seq=said.seq,
        recipients=said.recipients,
        request_id=call.request_id,
    )


def end_session(services: Services, call: ApiCall) -> responses.SessionView:
    """End a session. Repeating it is safe: an ended session stays as it is."""
    session_id = SessionId(call.parameters.session_id)
    listings.session(services, session_id)
    end.end(services, session_id, "endedByOperator", call.remaining)
    return session_view(services, listings.session(services, session_id))


def tell_tenant(services: Services, call: ApiCall) -> responses.TenantMessageResult:
    """Send a message to every connection of a tenant."""
    tenant_id = TenantId(call.parameters.tenant_id)
    recipients = tenant_message.send(services, tenant_id, call.body.data, call.remaining)
    return responses.TenantMessageResult(
        tenant_id=tenant_id, recipients=recipients, request_id=call.request_id
    )


def remove_user(services: Services, call: ApiCall) -> responses.RemovedUser:
    """Close a user's connections, end their session, and refuse the tokens that they have."""
    tenant_id, user_id = TenantId(call.parameters.tenant_id), UserId(call.parameters.user_id)
    removed = removal.remove(services, tenant_id, user_id, call.remaining)
    return responses.RemovedUser(
        tenant_id=tenant_id,
        user_id=user_id,
        connections=removed.connections,
        refused_until=removed.refused_until,
        complete=removed.complete,
    )


def get_health(services: Services, _: ApiCall) -> responses.HealthView:
    """Check tables, queue and management API; 503 if one of them cannot be reached."""
    checks = [
        responses.CheckView(
            name=each.name,
            ok=each.problem is None,
            latency=each.latency,
            problem=each.problem or UNSET,
        )
        for each in health.check(services)
    ]
    return responses.HealthView(ok=all(each.ok for each in checks), checks=checks)


def _cursor(parameters: parameters.PageParameters) -> str | None:
    return parameters.cursor if isinstance(parameters.cursor, str) else None


def _sessions(services: Services, page: Page[Session]) -> responses.SessionPage:
    return responses.SessionPage(
        sessions=[session_view(services, each) for each in page.entries],
        cursor=page.cursor or UNSET,
    )


OPERATIONS: Mapping[str, Operation] = {
    "listSessions": Operation(
        "GET", "/v1/sessions", parameters.PageParameters, responses.SessionPage, list_sessions
    ),
    "getSession": Operation(
        "GET",
        "/v1/sessions/{sessionId}",
        parameters.SessionParameters,
        responses.SessionView,
        get_session,
        refusals=(404,),
    ),
    "listConnections": Operation(
        "GET",
        "/v1/sessions/{sessionId}/connections",
        parameters.SessionPageParameters,
        responses.ConnectionPage,
        list_connections,
        refusals=(404,),
    ),
    "broadcast": Operation(
        "POST",
        "/v1/sessions/{sessionId}/broadcasts",
        parameters.SessionParameters,
        responses.BroadcastResult,
        broadcast_into_session,
        body=parameters.BroadcastBody,
        refusals=(404, 409, 413, 415),
    ),
    "endSession": Operation(
        "POST",
        "/v1/sessions/{sessionId}/end",
        parameters.SessionParameters,
        responses.SessionView,
        end_session,
        refusals=(404,),
    ),
    "listTenantSessions": Operation(
        "GET",
        "/v1/tenants/{tenantId}/sessions",
        parameters.TenantPageParameters,
        responses.SessionPage,
        list_tenant_sessions,
    ),
    "tellTenant": Operation(
        "POST",
        "/v1/tenants/{tenantId}/messages",
        parameters.TenantParameters,
        responses.TenantMessageResult,
        tell_tenant,
        body=parameters.TenantMessageBody,
        refusals=(413, 415),
    ),
    "removeUser": Operation(
        "DELETE",
        "/v1/tenants/{tenantId}/users/{userId}/connections",
        parameters.UserParameters,
        responses.RemovedUser,
        remove_user,
    ),
    "getHealth": Operation(
        "GET",
        "/v1/health",
        parameters.NoParameters,
        responses.HealthView,
        get_health,
        status=lambda response: 200 if response.ok else 503,
        other_responses={503: "a service cannot be reached: see `checks`"},
    ),
}
