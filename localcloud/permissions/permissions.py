"""Credentials of roles, and what their owners may do."""

import secrets
import string
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from localcloud.context import Context
from localcloud.errors import DeniedError
from localcloud.permissions.policies import Decision, decide, evaluate
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
    """A session of a role."""

    role: str
    name: str
    credentials: RoleCredentials


class Permissions:
    """Decides calls: the account's key may make any, a role's those that its policies allow."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self._decide = lru_cache(maxsize=4096)(decide)

    def assume_role(self, role: str, session: str) -> RoleCredentials:
        """Return temporary credentials of the role with that ARN; they do not expire."""
        credentials = RoleCredentials(
            access_key_id="ASIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16)),
            secret_access_key=secrets.token_urlsafe(30),
            session_token=secrets.token_urlsafe(200),
        )
        with self._lock:
            self._sessions[credentials.access_key_id] = _Session(role, session, credentials)
        return credentials

    def secret_of(self, access_key_id: str) -> str | None:
        """Return the secret of an access key; None if there is no such key."""
        if access_key_id == self._context.access_key_id:
            return self._context.secret_access_key
        session = self._sessions.get(access_key_id)
        return session.credentials.secret_access_key if session else None

    def authorize(self, access_key_id: str, wanted: Sequence[RequiredAction]) -> None:
        """Check that the owner of the key may do all of `wanted`.

        Raises:
            DeniedError: one action is not allowed, in IAM's words; or the key is unknown.
        """
        if access_key_id == self._context.access_key_id:
            return
        session = self._sessions.get(access_key_id)
        if session is None:
            raise DeniedError("The security token included in the request is invalid.")
        for action, resource in wanted:
            decision = self._decide_for_role(session.role, action, resource)
            if decision is not Decision.ALLOWED:
                raise DeniedError(self._message(session, action, resource, decision))

    def role_allows(self, role: str, wanted: Sequence[RequiredAction]) -> bool:
        """Return whether the role with that ARN allows all of `wanted`."""
        return all(self._decide_for_role(role, *each) is Decision.ALLOWED for each in wanted)

    def may_invoke(self, function: str, principal: str, source: str) -> bool:
        """Return whether the policy of the function with that ARN lets a service invoke it.

        `principal` is the service, such as `events.amazonaws.com`, `source` the ARN it acts for.
        """
        account, _, tail = function.partition(":function:")
        name, _, qualifier = tail.partition(":")
        base = f"{account}:function:{name}"
        applied = statements_of_function(self._context, name)
        relevant = [each for each in applied if each.get("Principal") == {"Service": principal}]
        resource = f"{base}:{qualifier}" if qualifier else base
        request = {"aws:sourcearn": source, "aws:sourceaccount": self._context.account}
        return evaluate(relevant, INVOKE, resource, request) is Decision.ALLOWED

    def _decide_for_role(self, role: str, action: str, resource: str) -> Decision:
        documents = tuple(documents_of(self._context, role))
        return self._decide(documents, action, resource)

    def _message(self, session: _Session, action: str, resource: str, decision: Decision) -> str:
        if action.startswith("sqs:"):
            action = action.lower()  # as SQS says it, and no other service
        name = session.role.rsplit("/", maxsplit=1)[-1]
        user = f"arn:aws:sts::{self._context.account}:assumed-role/{name}/{session.name}"
        why = _WHY[decision].format(action=action)
        where = "" if resource == "*" else f" on resource: {resource}"
        return f"User: {user} is not authorized to perform: {action}{where} {why}"
