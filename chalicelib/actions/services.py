"""The services that every action gets: stores, ports, settings, the time."""

from collections.abc import Callable

from msgspec import Struct, field

from chalicelib.actions.ports import JobQueue, Management, Remaining
from chalicelib.domain.ids import PickBelow
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.errors import BadRequest, Code, NotFound
from chalicelib.identity.cursors import Cursors
from chalicelib.identity.hashing import Hasher
from chalicelib.identity.join_keys import JoinKeys
from chalicelib.identity.resume import ResumeTokens
from chalicelib.identity.tokens import TokenVerifier
from chalicelib.settings import Settings
from chalicelib.stores.calls import Call as StoreCall
from chalicelib.stores.calls import Together
from chalicelib.stores.connections import ConnectionStore
from chalicelib.stores.history import HistoryStore
from chalicelib.stores.leases import LeaseStore
from chalicelib.stores.listener_counts import ListenerCounts
from chalicelib.stores.membership import Membership
from chalicelib.stores.rate_limits import RateLimitStore
from chalicelib.stores.removals import RemovalStore
from chalicelib.stores.requests import RequestStore
from chalicelib.stores.seats import SeatStore
from chalicelib.stores.sessions import SessionStore
from chalicelib.stores.subscriptions import SubscriptionStore
from chalicelib.telemetry import Telemetry


class Services(Struct, frozen=True, kw_only=True):
    """Built once per process by `wiring`; tests build their own."""

    settings: Settings
    clock: Callable[[], Millis]
    pick: PickBelow
    sleep: Callable[[float], None]
    """Sleeps real seconds: for waiting on the platform, never until a time of the clock."""
    telemetry: Telemetry
    hasher: Hasher
    cursors: Cursors
    tokens: TokenVerifier
    resume_tokens: ResumeTokens
    join_keys: JoinKeys
    management: Management
    jobs: JobQueue
    replies: JobQueue
    """The queue of first replies, for which a client waits: they never stand behind other jobs."""
    together: Together
    """Lets calls of several stores go out together."""
    sessions: SessionStore
    counts: ListenerCounts
    connections: ConnectionStore
    membership: Membership
    seats: SeatStore
    rate_limits: RateLimitStore
    leases: LeaseStore
    removals: RemovalStore
    history: HistoryStore
    subscriptions: SubscriptionStore
    requests: RequestStore
    on_gone: Callable[["Services", ConnectionId], None]
    """Cleans up after a connection to which a post got 410: `disconnect.on_gone`. It is a callback,
    as `delivery` must not import `connection`."""


class Activity:
    """The write that records a message. An action may let it go out with calls of its own."""

    def __init__(self, call: StoreCall[bool] | None = None) -> None:
        self._call = call

    def take(self) -> StoreCall[bool] | None:
        """Return the write to whoever takes it first; None if there is none, or no more."""
        call, self._call = self._call, None
        return call


class Call(Struct, frozen=True):
    """One message on a connection: its sender, its address, and the time left for it."""

    connection: Connection
    address: str
    remaining: Remaining
    activity: Activity = field(default_factory=Activity)

    @property
    def connection_id(self) -> ConnectionId:
        return self.connection.connection_id

    def require_session(self) -> SessionId:
        """Return the session this connection is in.

        Raises:
            NotFound: SESSION_INACTIVE, it has ended. BadRequest: NOT_IN_SESSION, there was none.
        """
        if self.connection.session_id is not None:
            return self.connection.session_id
        if self.connection.ended_session_id is not None:
            raise NotFound(Code.SESSION_INACTIVE, "the session of this connection has ended")
        raise BadRequest(Code.NOT_IN_SESSION, "this connection is in no session")
