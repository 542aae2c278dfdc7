"""What the rooms of the account share, and what they know of each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from localcloud.metrics import MetricStore
from sandbox.clock import Activity, Clock
from sandbox.cloud.server import Cloud
from sandbox.faults import FaultPlan
from sandbox.functions.pool import Pool
from sandbox.http.identifiers import REGION

Log = Callable[[str, str, str], None]
"""Takes the names of a log group and of a stream of it, and one line."""
RequiredAction = tuple[str, str]
"""An action and the ARN that it is on: `("dynamodb:GetItem", "arn:aws:dynamodb:…:table/x")`."""


@dataclass(frozen=True)
class RoleCredentials:
    """The temporary credentials of a function's role."""

    access_key_id: str
    secret_access_key: str
    session_token: str


@dataclass(frozen=True)
class InvokeResponse:
    """What an invocation came to."""

    payload: bytes
    """JSON: what the handler returned, or `{"errorMessage", "errorType", "stackTrace"}`."""
    error: str | None
    """None, or what Lambda says in `X-Amz-Function-Error`: `Unhandled`."""
    request_id: str


class AccountError(Exception):
    """The root of what the account refuses: the code and HTTP status that AWS answers with."""

    code = "InternalFailure"
    status = 500


class NoSuchFunctionError(AccountError):
    """No function of that name has been applied."""

    code = "ResourceNotFoundException"
    status = 404


class TooManyRequestsError(AccountError):
    """The function's reserved concurrency is in use."""

    code = "TooManyRequestsException"
    status = 429


class TooLargeError(AccountError):
    """The event of an invocation has too many bytes."""

    code = "RequestTooLargeException"
    status = 413


class DeniedError(AccountError):
    """The caller's role does not allow the call; the text is IAM's."""

    code = "AccessDeniedException"
    status = 400


class Functions(Protocol):
    """Lambda. `function` is a name or an ARN, with or without a qualifier."""

    def invoke(self, function: str, event: Mapping[str, Any]) -> InvokeResponse:
        """Runs it and waits. Blocks. Raises NoSuchFunctionError, TooManyRequestsError."""
        ...

    def invoke_async(self, function: str, event: Mapping[str, Any]) -> str:
        """Runs it soon, with Lambda's retries; answers the request id. Raises as `invoke`."""
        ...

    def stop(self) -> None:
        """Ends every instance."""
        ...


class Permissions(Protocol):
    """IAM. The account's own key, which Terraform uses, may do everything."""

    def authorize(self, access_key_id: str, wanted: Sequence[RequiredAction]) -> None:
        """Returns if all is allowed to whom the key belongs. Raises DeniedError."""
        ...

    def secret_of(self, access_key_id: str) -> str | None:
        """The secret that requests with this key are signed with; None if there is no such key."""
        ...

    def assume_role(self, role: str, session: str) -> RoleCredentials:
        """Temporary credentials of the role with that ARN."""
        ...

    def role_allows(self, role: str, wanted: Sequence[RequiredAction]) -> bool:
        """Whether the role with that ARN allows all of it."""
        ...

    def may_invoke(self, function: str, principal: str, source: str) -> bool:
        """Whether the policy of the function with that ARN lets a service call it.

        `principal` is `events.amazonaws.com` or the like, `source` the ARN for which it calls.
        """
        ...


class Sources(Protocol):
    """What calls functions: rules, queues and streams, looked up anew after each apply."""

    def start(self) -> None:
        """Follows the control plane (`Context.on_apply`) from here on."""
        ...

    def stop(self) -> None:
        """Calls nothing any more."""
        ...

    def flush(self) -> None:
        """Gives out what a batching window holds back: the clock has been moved."""
        ...

    def schedules(self) -> list[str]:
        """The functions that a rule calls, by the names they have in `app.py`."""
        ...

    def run_schedule(self, name: str) -> Any:
        """Calls one of them now; answers what it returned. Raises functions.FunctionError."""
        ...


class Alarms(Protocol):
    """CloudWatch."""

    def line(self, group: str, line: str) -> None:
        """One line that a function wrote; metrics in it are kept."""
        ...

    def start(self) -> None:
        """Evaluates every alarm each minute of the clock, from here on."""
        ...

    def refused(self, operation: str, request: Mapping[str, Any], refusal: str) -> None:
        """A call of DynamoDB that was not carried out, and the JSON that says why."""
        ...

    def emitted(self) -> list[dict[str, Any]]:
        """The metric documents so far, newest last."""
        ...


@dataclass(frozen=True)
class Context:
    """What every room is given."""

    clock: Clock
    faults: FaultPlan
    activity: Activity
    """Whatever runs is begun and ended here: the clock moves on when nothing does."""
    pool: Pool
    cloud: Cloud
    """DynamoDB and SQS, with their changes and messages; also serves every other API."""
    account: str
    """Twelve digits."""
    access_key_id: str
    """Whose owner may do everything."""
    secret_access_key: str
    log: Log
    """Every line of a function or a stage passes here: to its log group, to metrics."""
    gateway_url: str
    """Where sockets and `@connections` are: `http://127.0.0.1:8001`, without a stage."""
    region: str = REGION
    metrics: MetricStore = field(default_factory=MetricStore)
    """The data points of every metric, on which alarms are evaluated."""
    on_apply: list[Callable[[], None]] = field(default_factory=list)
    """Called on the cloud's loop after each call that may have changed the control plane."""

    def backend(self, service: str) -> Any:
        """moto's backend of a service: `backend("lambda").get_function("lectern-dev-connect")`."""
        from moto.backends import get_backend  # noqa: PLC0415 - loads all of a service

        backends: Any = get_backend(service)
        account = backends[self.account]
        return account[self.region] if self.region in account else account["aws"]
