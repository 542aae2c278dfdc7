"""Every operation of the operator API: where it is, what it takes, what it answers, what it does.

`app.py` has a route for each; `docs/run/openapi.yaml` is made from this table.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET, Struct, field

from chalicelib.actions.broadcasting import broadcast
from chalicelib.actions.operator import health, overview, removal, tenants
from chalicelib.actions.operator.tenants import Page
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import end as ending
from chalicelib.api import answers, questions
from chalicelib.api.views import connection_view, session_view
from chalicelib.domain.session import EVERYBODY, Session
from chalicelib.domain.types import SessionId, TenantId, UserId


class Asked(Struct, frozen=True):
    """One request, decoded; `question` and `body` are of the operation's own types."""

    question: Any
    body: Any
    request_id: str
    remaining: Remaining


class Operation(Struct, frozen=True):
    """One line of the table. `refusals` are the statuses it may answer besides 400, 500 and 503.

    `unusual` are those with which it gives its own answer, and what they mean.
    """

    method: str
    path: str
    question: type[questions.Question]
    answer: type[answers.Answer]
    act: Callable[[Services, Asked], answers.Answer]
    body: type[Struct] | None = None
    refusals: tuple[int, ...] = ()
    status: Callable[[Any], int] = lambda _: 200
    unusual: Mapping[int, str] = field(default_factory=dict)


def list_sessions(services: Services, asked: Asked) -> answers.SessionPage:
    """The active sessions of all tenants, a page at a time."""
    page = overview.active_sessions(
        services, cursor=_cursor(asked.question), limit=asked.question.limit
    )
    return _sessions(services, page)


def list_tenant_sessions(services: Services, asked: Asked) -> answers.SessionPage:
    """A tenant's sessions, newest first; those that have ended too, unless `active` is true."""
    page = tenants.sessions(
        services,
        TenantId(asked.question.tenant_id),
        cursor=_cursor(asked.question),
        limit=asked.question.limit,
        active_only=asked.question.active,
    )
    return _sessions(services, page)


def get_session(services: Services, asked: Asked) -> answers.SessionView:
    """One session with its counts, languages and streams."""
    found = overview.session(services, SessionId(asked.question.session_id))
    return session_view(services, found)


def list_connections(services: Services, asked: Asked) -> answers.ConnectionPage:
    """Who is connected to a session: its speaker, then its listeners by language."""
    page = overview.connections(
        services,
        SessionId(asked.question.session_id),
        cursor=_cursor(asked.question),
        limit=asked.question.limit,
    )
    return answers.ConnectionPage(
        connections=[connection_view(services, each) for each in page.entries],
        cursor=page.cursor or UNSET,
    )


def broadcast_into_session(services: Services, asked: Asked) -> answers.Broadcasted:
    """Says something to a session's listeners, all or those of one language."""
    language = asked.body.target_language
    said = broadcast.say(
        services,
        SessionId(asked.question.session_id),
        EVERYBODY if language is UNSET else language,
        asked.body.data,
        asked.remaining,
        speaker=None,
    )
    return answers.Broadcasted(
        session_id=said.session_id,
        stream=said.stream,
        seq=said.seq,
        recipients=said.recipients,
        request_id=asked.request_id,
    )


def end_session(services: Services, asked: Asked) -> answers.SessionView:
    """Ends a session; one that is over stays as it is, so this may be repeated."""
    session_id = SessionId(asked.question.session_id)
    overview.session(services, session_id)
    ending.end(services, session_id, "endedByOperator", asked.remaining)
    return session_view(services, overview.session(services, session_id))


def tell_tenant(services: Services, asked: Asked) -> answers.Told:
    """A message to every connection of a tenant."""
    tenant_id = TenantId(asked.question.tenant_id)
    recipients = tenants.tell(services, tenant_id, asked.body.data, asked.remaining)
    return answers.Told(tenant_id=tenant_id, recipients=recipients, request_id=asked.request_id)


def remove_user(services: Services, asked: Asked) -> answers.RemovedUser:
    """Closes a user's connections and refuses the tokens they have; a session of theirs ends."""
    tenant_id, user_id = TenantId(asked.question.tenant_id), UserId(asked.question.user_id)
    removed = removal.remove(services, tenant_id, user_id, asked.remaining)
    return answers.RemovedUser(
        tenant_id=tenant_id,
        user_id=user_id,
        connections=removed.connections,
        refused_until=removed.refused_until,
        complete=removed.complete,
    )


def get_health(services: Services, _: Asked) -> answers.HealthView:
    """Whether tables, queue and management API can be reached; 503 if one of them cannot."""
    checks = [
        answers.CheckView(
            name=each.name,
            ok=each.problem is None,
            latency=each.latency,
            problem=each.problem or UNSET,
        )
        for each in health.check(services)
    ]
    return answers.HealthView(ok=all(each.ok for each in checks), checks=checks)


def _cursor(question: questions.Paged) -> str | None:
    return question.cursor if isinstance(question.cursor, str) else None


def _sessions(services: Services, page: Page[Session]) -> answers.SessionPage:
    return answers.SessionPage(
        sessions=[session_view(services, each) for each in page.entries],
        cursor=page.cursor or UNSET,
    )


OPERATIONS: Mapping[str, Operation] = {
    "listSessions": Operation(
        "GET", "/v1/sessions", questions.Paged, answers.SessionPage, list_sessions
    ),
    "getSession": Operation(
        "GET",
        "/v1/sessions/{sessionId}",
        questions.InSession,
        answers.SessionView,
        get_session,
        refusals=(404,),
    ),
    "listConnections": Operation(
        "GET",
        "/v1/sessions/{sessionId}/connections",
        questions.InSessionPaged,
        answers.ConnectionPage,
        list_connections,
        refusals=(404,),
    ),
    "broadcast": Operation(
        "POST",
        "/v1/sessions/{sessionId}/broadcasts",
        questions.InSession,
        answers.Broadcasted,
        broadcast_into_session,
        body=questions.Saying,
        refusals=(404, 409, 413, 415),
    ),
    "endSession": Operation(
        "POST",
        "/v1/sessions/{sessionId}/end",
        questions.InSession,
        answers.SessionView,
        end_session,
        refusals=(404,),
    ),
    "listTenantSessions": Operation(
        "GET",
        "/v1/tenants/{tenantId}/sessions",
        questions.OfTenantPaged,
        answers.SessionPage,
        list_tenant_sessions,
    ),
    "tellTenant": Operation(
        "POST",
        "/v1/tenants/{tenantId}/messages",
        questions.OfTenant,
        answers.Told,
        tell_tenant,
        body=questions.Message,
        refusals=(413, 415),
    ),
    "removeUser": Operation(
        "DELETE",
        "/v1/tenants/{tenantId}/users/{userId}/connections",
        questions.OfUser,
        answers.RemovedUser,
        remove_user,
    ),
    "getHealth": Operation(
        "GET",
        "/v1/health",
        questions.Nothing,
        answers.HealthView,
        get_health,
        status=lambda answer: 200 if answer.ok else 503,
        unusual={503: "something cannot be reached: `checks` says what"},
    ),
}
