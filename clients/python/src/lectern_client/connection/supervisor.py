"""The connection supervisor: connect, refresh, reconnect, close (PROTOCOL 6.1, 6.3)."""

import asyncio
import json
from itertools import count

from lectern_client.connection.connection import Connection
from lectern_client.connection.events import (
    Arrived,
    Attached,
    Closed,
    EventBus,
    Lost,
    Ready,
    Received,
    RefreshRefused,
    Sent,
    StateChanged,
)
from lectern_client.connection.handover import Handover
from lectern_client.connection.participant import FirstRequest, Participant
from lectern_client.connection.scheduler import Scheduler
from lectern_client.errors import LecternError, connection_lost
from lectern_client.messages import Message, State
from lectern_client.options import Options, backoff, fetch_token

_ABOUT_TOKENS = "authenticate"
"""The one action of a participant's own role that gets a 403 for something else: its token."""


class Supervisor:
    """Keeps one connection attached to a session, and publishes what happens to it as `events`."""

    def __init__(
        self, url: str, options: Options, participant: Participant, scheduler: Scheduler
    ) -> None:
        self.events = EventBus()
        self.state: State = "connecting"
        self.close_reason: str | None = None
        self.error: LecternError | None = None
        self.connection: Connection | None = None
        self._url = url
        self._options = options
        self.participant = participant
        self._scheduler = scheduler
        self._handover = Handover(scheduler, options.drain_timeout)
        self._is_moving = False  # between two connections: requests wait
        self._has_returned = False  # after the stack had given its place away
        self._renewal: asyncio.Task[None] | None = None

    @property
    def ready_connection(self) -> Connection | None:
        """The connection to send on; None while requests must wait."""
        return None if self._is_moving else self.connection

    async def start(self, first_request: FirstRequest) -> None:
        """Connect for the first time.

        Raises:
            LecternError: the stack's refusal, or the last failure of `connect_attempts`.
        """
        for attempt in count():
            try:
                return await self._attach(await self._connect(), first_request)
            except LecternError as error:
                if not error.retryable or attempt + 1 >= self._options.connect_attempts:
                    self.close("failed", error)
                    raise
                await self._scheduler.sleep(backoff(self._options, attempt, error))
        return None

    def renew(self) -> None:
        """Replace the connection: beside it while it lives, after a backoff when it is gone."""
        if self.state != "closed" and not self._is_renewing():
            self._renewal = self._scheduler.spawn(self._renew())

    def close(self, reason: str, error: LecternError | None = None) -> None:
        """Close the session for good. A speaker's ends with it (PROTOCOL 6.3)."""
        if self.state == "closed":
            return
        self.close_reason, self.error = reason, error
        self._enter("closed")
        if self._renewal is not None and self._renewal is not asyncio.current_task():
            self._renewal.cancel()
        self._scheduler.cancel_sleeps()
        if self.connection is not None:
            self._handover.close(self.connection, 1000)
        self._handover.close_all(1000)
        self.connection = None
        text = f"the session is closed: {reason}"
        self.events.publish(Closed(error or LecternError("CLOSED", text)))

    async def wait_closed(self) -> None:
        """Return when every socket is closed."""
        await self._handover.wait_closed()

    # Callbacks of connections.

    def on_text(self, connection: Connection, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        is_event = "id" not in message
        is_duplicate = is_event and self._handover.is_duplicate(text, connection)
        if self.state == "closed" or is_duplicate:
            return
        self.events.publish(Arrived(message))
        if not self._handle_supplanted(connection, message):
            is_reply = connection.resolve(message)
            is_current = connection is self.connection
            self.events.publish(Received(message, is_current=is_current, is_reply=is_reply))

    def on_sent(self, connection: Connection) -> None:
        if connection is self.connection:
            self.events.publish(Sent())

    def on_end(self, connection: Connection, error: LecternError) -> None:
        self._handover.close(connection)
        self._handover.remove(connection)
        self.events.publish(Lost(connection, error))
        if connection is self.connection and self.state != "closed":
            self.connection = None
            self._enter("reconnecting")
            self.renew()

    def _handle_supplanted(self, connection: Connection, message: Message) -> bool:
        """Handle a refusal of the connection itself: the stack has given its place away.

        The stack may have taken it for dead, so it counts as lost, and the session returns. It does
        so once: if its place is taken again, another client keeps it, and two clients that take it
        from each other help nobody. Return False if the message says something else.
        """
        is_refusal = message.get("type") == "error" and message.get("status") == 403
        is_about_tokens = message.get("action") == _ABOUT_TOKENS
        is_current = connection is self.connection and not self._is_renewing()
        if not is_refusal or is_about_tokens or not is_current:
            return False
        if self._has_returned:
            self.close("replaced", LecternError.from_message(message))
        else:
            self._has_returned = True
            self._handover.close(connection)
        return True

    # Connecting.

    async def _connect(self) -> Connection:
        token = await fetch_token(self._options.token)
        socket = await self._options.connect(self._url, token, self._options.connect_timeout)
        connection = Connection(socket, self._options, self._scheduler, self)
        self._handover.add(connection)
        return connection

    async def _attach(self, connection: Connection, first_request: FirstRequest) -> None:
        """Send the first request, and move the session to the connection."""
        try:
            reply = await connection.request(*first_request)
        except BaseException:
            self._handover.close(connection)  # which is of no use without a session
            raise
        if not connection.is_open:
            raise connection_lost("closed before the session moved to it")
        replaced, self.connection = self.connection, connection
        if replaced is not None:
            self._handover.add(replaced)
        self._handover.remove(connection)
        self.participant.update(reply)
        self.events.publish(Attached(connection, reply, replaced))
        self._enter("open")
        self._resume_requests()
        if replaced is not None:
            self._has_returned = False
            self._scheduler.spawn(self._handover.drain(replaced, connection))

    def _is_renewing(self) -> bool:
        return self._renewal is not None and not self._renewal.done()

    async def _renew(self) -> None:
        has_dropped, error = False, None
        for attempt in count():
            self._enter("refreshing" if self.connection else "reconnecting")
            if attempt or not self.connection:
                await self._scheduler.sleep(backoff(self._options, attempt, error))
            try:
                await self._replace()
                break
            except LecternError as failure:
                error = failure
            if not has_dropped and self._can_do_without(error):
                has_dropped = True
            elif not error.retryable or attempt + 1 >= self._options.reconnect_attempts:
                self._give_up(error)
                break
        self._renewal = None
        if self.connection is None:
            self.renew()

    async def _replace(self) -> None:
        connection = await self._connect()
        if self.connection is not None:
            # The old connection is refused once the session has moved: nothing may be in flight.
            self._is_moving = True
            await self.connection.wait_idle()
        is_connected = self.connection is not None
        try:
            first_request = self.participant.return_request(is_connected=is_connected)
            await self._attach(connection, first_request)
        except LecternError as error:
            # Without a reply the session may have moved, so requests go on waiting.
            if not error.lost:
                self._resume_requests()
            raise

    def _can_do_without(self, error: LecternError) -> bool:
        """Return True if another attempt may succeed without the token that was refused."""
        has_new_token = error.status == 401 and callable(self._options.token)
        return self.participant.drop_refused_token(error) or has_new_token

    def _give_up(self, error: LecternError) -> None:
        if self.connection is None:
            return self.close("failed", error)
        # The old connection serves for the rest of its life.
        self._enter("open")
        self._resume_requests()
        return self.events.publish(RefreshRefused(error))

    def _resume_requests(self) -> None:
        self._is_moving = False
        self.events.publish(Ready())

    def _enter(self, state: State) -> None:
        previous = self.state
        if previous not in {state, "closed"}:
            self.state = state
            self.events.publish(StateChanged(state, previous))
