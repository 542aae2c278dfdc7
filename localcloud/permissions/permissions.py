"""Who a key belongs to, and what its owner may do."""

import secrets
import string
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from localcloud.context import Context
from localcloud.errors import DeniedError
from localcloud.permissions.policies import Decision, RequestContext, decide, weigh
from localcloud.permissions.required_actions import RequiredAction
from localcloud.permissions.roles import documents_of, statements_of_function

INVOKE = "lambda:InvokeFunction"
_ALPHABET = string.ascii_uppercase + "234567"
_WHY = {
    Decision.NOT_ALLOWED: "because no identity-based policy allows the {action} action",
    Decision.DENIED: "with an explicit deny in an identity-based policy",
}


@dataclass(frozen=True)
class RoleCredentials:
    """The temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str
    session_token: str


@dataclass(frozen=True)
class _Session:
    """A role that was assumed."""

    role: str
    name: str
    credentials: RoleCredentials


class Permissions:
    """The account's own key may do everything, a role's what its policies allow, others nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self._decide = lru_cache(maxsize=4096)(_decide)

    def assume_role(self, role: str, session: str) -> RoleCredentials:
        """Temporary credentials of the role with that ARN; they do not expire."""
        credentials = RoleCredentials(
            access_key_id="ASIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16)),
            secret_access_key=secrets.token_urlsafe(30),
            session_token=secrets.token_urlsafe(200),
        )
        with self._lock:
            self._sessions[credentials.access_key_id] = _Session(role, session, credentials)
        return credentials

    def secret_of(self, access_key_id: str) -> str | None:
        """The secret that requests with this key are signed with; None if there is no such key."""
        if access_key_id == self._context.access_key_id:
            return self._context.secret_access_key
        session = self._sessions.get(access_key_id)
        return session.credentials.secret_access_key if session else None

    def authorize(self, access_key_id: str, wanted: Sequence[RequiredAction]) -> None:
        """Returns if all is allowed to whom the key belongs.

        Raises:
            DeniedError: it is not, in IAM's words; or the key is nobody's.
        """
        if access_key_id == self._context.access_key_id:
            return
        session = self._sessions.get(access_key_id)
        if session is None:
            raise DeniedError("The security token included in the request is invalid.")
        for action, resource in wanted:
            decision = self._of_role(session.role, action, resource)
            if decision is not Decision.ALLOWED:
                raise DeniedError(self._text(session, action, resource, decision))

    def role_allows(self, role: str, wanted: Sequence[RequiredAction]) -> bool:
        """Whether the role with that ARN allows all of it."""
        return all(self._of_role(role, *each) is Decision.ALLOWED for each in wanted)

    def may_invoke(self, function: str, principal: str, source: str) -> bool:
        """Whether the policy of the function with that ARN lets a service call it.

        `principal` is `events.amazonaws.com` or the like, `source` the ARN for which it calls.
        """
        account, _, tail = function.partition(":function:")
        name, _, qualifier = tail.partition(":")
        base = f"{account}:function:{name}"
        applied = statements_of_function(self._context, name)
        meant = [each for each in applied if each.get("Principal") == {"Service": principal}]
        resource = f"{base}:{qualifier}" if qualifier else base
        request = {"aws:sourcearn": source, "aws:sourceaccount": self._context.account}
        return weigh(meant, INVOKE, resource, request) is Decision.ALLOWED

    def _of_role(self, role: str, action: str, resource: str) -> Decision:
        documents = tuple(documents_of(self._context, role))
        return self._decide(documents, role, action, resource, self._context.region)

    def _text(self, session: _Session, action: str, resource: str, decision: Decision) -> str:
        if action.startswith("sqs:"):
            action = action.lower()  # as SQS says it, and no other service
        name = session.role.rsplit("/", maxsplit=1)[-1]
        user = f"arn:aws:sts::{self._context.account}:assumed-role/{name}/{session.name}"
        why = _WHY[decision].format(action=action)
        where = "" if resource == "*" else f" on resource: {resource}"
        return f"User: {user} is not authorized to perform: {action}{where} {why}"


def _decide(
    documents: tuple[str, ...], role: str, action: str, resource: str, region: str
) -> Decision:
    request: RequestContext = {
        "aws:principalaccount": role.split(":")[4],
        "aws:principalarn": role,
        "aws:requestedregion": region,
    }
    return decide(documents, action, resource, request)
