"""The gateway's routes for a Chalice app whose handlers run in this process."""

from collections.abc import Mapping

from sandbox.functions.functions import Function
from sandbox.gateway.events import Handshake
from sandbox.gateway.integrations import Call, Run
from sandbox.gateway.management import SERVICE, Check
from sandbox.gateway.outcomes import Failure, Outcome
from sandbox.http.signature import Credentials, verify


class AppIntegrations:
    """The integrations that an app declares. A route without a handler accepts every event."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions

    def select(self, _handshake: Handshake, _text: str) -> str:
        """Return `$default`, the app's only route for messages."""
        return "$default"

    def find(self, call: Call, _failure: Failure) -> Run | Outcome:
        """Return the handler of the route, or status 200 if there is none."""
        return self._functions.get(call.route) or Outcome(200)

    def replies(self, _call: Call) -> bool:
        """Return True: every route has a route response."""
        return True

    def done(self, _call: Call, _outcome: Outcome) -> None:
        """Do nothing: there is no access log."""


def signature_check(credentials: Credentials, *, strict: bool) -> Check:
    """Return a check of requests to `@connections`, which are signed with `credentials`.

    Unless `strict`, only the time and the service of any other key's signature are checked.
    """
    return lambda request: verify(request, credentials, SERVICE, others=not strict)
