"""A chain of links that looks like one: connecting, refresh, reconnect (PROTOCOL 6.1, 6.3)."""

import asyncio
import inspect
import json
from collections.abc import Coroutine
from itertools import count
from typing import Any, Protocol

from lectern_client.errors import LecternError, connection_lost
from lectern_client.link import REPLACED, Link
from lectern_client.messages import Message, State
from lectern_client.options import Options, Timers, backoff
from lectern_client.overlap import Overlap

_NOT_OF_THE_SOCKET = "authenticate"
"""A client asks for nothing but its role's own: a 403 is about the socket, unless about a token."""

Greeting = tuple[str, dict[str, Any]]


class Host(Protocol):
    """What a chain asks and tells its session."""

    def greeting(self, *, rejoins: bool) -> Greeting: ...
    def adopted(self, link: Link, reply: Message) -> None: ...
    def received(self, link: Link, message: Message) -> None: ...
    def sent(self, link: Link) -> None: ...
    def lost(self, link: Link, error: LecternError) -> None: ...
    def entered(self, state: State, previous: State) -> None: ...
    def refused(self, error: LecternError) -> None: ...
    def flush(self) -> None: ...
    def finished(self, error: LecternError) -> None: ...
    def may_do_without(self, error: LecternError) -> bool: ...
    def moved(self, old: Link, link: Link) -> None: ...


class Chain:
    """Keeps one link open to the session, replacing it as often as needed."""

    def __init__(self, url: str, options: Options, host: Host) -> None:
        self.state: State = "connecting"
        self.close_reason: str | None = None
        self.error: LecternError | None = None
        self.link: Link | None = None
        self._url = url
        self._options = options
        self.timers: Timers = options.timers or asyncio.get_running_loop()
        self._host = host
        self._held = False  # requests wait while the session moves between two links
        self._came_back = False  # after the stack had given the link's place away
        self._others: set[Link] = set()  # that are being opened, or still owe something
        self._overlap = Overlap()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pauses: set[asyncio.Future[None]] = set()
        self._renewal: asyncio.Task[None] | None = None
        self._closings: set[asyncio.Task[None]] = set()

    def ready(self) -> Link | None:
        """The link to send on, or None while requests must wait."""
        return None if self._held else self.link

    async def start(self, greeting: Greeting) -> None:
        """Connects for the first time.

        Raises:
            LecternError: what the stack refused, or the last failure of `connect_attempts`.
        """
        for attempt in count(1):
            try:
                link = await self._dial()
                return self._adopt(link, await self._greet(link, greeting))
            except LecternError as error:
                if not error.retryable or attempt >= self._options.connect_attempts:
                    self.finish("failed", error)
                    raise
                await self.pause(backoff(self._options, attempt - 1, error))
        return None

    def renew(self) -> None:
        """Replaces the link: beside the old one while that lives, after a pause when it is gone."""
        if self.state != "closed" and (self._renewal is None or self._renewal.done()):
            self._renewal = self.spawn(self._renew())

    def finish(self, reason: str, error: LecternError | None = None) -> None:
        if self.state == "closed":
            return
        self.close_reason, self.error = reason, error
        self._enter("closed")
        if self._renewal is not None and self._renewal is not asyncio.current_task():
            self._renewal.cancel()
        for pause in self._pauses:
            pause.cancel()
        links = [self.link, *self._others]
        for link in links:
            if link is not None:
                self._close(link, 1000)
        self.link = None
        self._host.finished(error or LecternError("CLOSED", f"the session is closed: {reason}"))

    async def closed(self) -> None:
        """Returns when every socket is closed."""
        await asyncio.gather(*self._closings, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the loop itself keeps none alive
        task.add_done_callback(self._tasks.discard)
        return task

    async def pause(self, seconds: float) -> None:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not over.done():  # it may just have been cancelled
                over.set_result(None)

        timer = self.timers.call_later(seconds, wake)
        self._pauses.add(over)
        try:
            await over
        finally:
            timer.cancel()
            self._pauses.discard(over)

    async def token(self) -> str | None:
        source = self._options.token
        if not callable(source):
            return source
        try:
            token = source()
            return await token if inspect.isawaitable(token) else token
        except Exception as error:
            raise LecternError("TOKEN_UNAVAILABLE", str(error)) from error

    # What the links say.

    def received(self, link: Link, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        twice = self._others and "id" not in message and self._overlap.is_twice(text, link)
        if self.state != "closed" and not twice:
            self._host.received(link, message)

    def sent(self, link: Link) -> None:
        if link is self.link:
            self._host.sent(link)

    def ended(self, link: Link, error: LecternError) -> None:
        self._others.discard(link)
        self._close(link)
        if not self._others:
            self._overlap.clear()
        self._host.lost(link, error)
        if link is self.link and self.state != "closed":
            self.link = None
            self._enter("reconnecting")
            self.renew()

    def supplanted(self, link: Link, error: LecternError) -> bool:
        """Takes a refusal that is about the link: the stack has given its place away.

        The stack may have taken it for dead: it counts as lost, and the session comes back. Once,
        since if its place is taken again, somebody else holds it for good, and two that take it
        from each other help nobody. False if the refusal is about something else.
        """
        is_moving = self._renewal is not None and not self._renewal.done()
        is_about_it = error.status == 403 and error.action != _NOT_OF_THE_SOCKET
        if not is_about_it or link is not self.link or is_moving:
            return False
        if self._came_back:
            self.finish("replaced", error)
        else:
            self._came_back = True
            self._close(link)
        return True

    # Connecting.

    async def _dial(self) -> Link:
        link = await Link.open(self._url, await self.token(), self._options, self)
        self._others.add(link)
        return link

    async def _greet(self, link: Link, greeting: Greeting) -> Message:
        """The first action on a new link; without its reply the link is of no use."""
        try:
            return await link.request(*greeting)
        except BaseException:
            self._close(link)
            raise

    def _adopt(self, link: Link, reply: Message) -> None:
        if not link.alive:
            raise connection_lost("closed while it was greeted")
        old, self.link = self.link, link
        self._others.discard(link)
        self._host.adopted(link, reply)
        self._enter("open")
        self._release()
        if old is not None:
            self._came_back = False
            self._others.add(old)
            self._host.moved(old, link)
            self.spawn(self._drain(old, link))

    async def _drain(self, old: Link, link: Link) -> None:
        """The old link stays until what it owes has come, or for `drain_timeout`."""
        expiry = self.timers.call_later(self._options.drain_timeout, old.close)
        await old.settled()
        await link.settled()
        expiry.cancel()
        self._close(old)

    async def _renew(self) -> None:
        refreshed, error = False, None
        for attempt in count():
            self._enter("refreshing" if self.link else "reconnecting")
            if attempt or not self.link:
                await self.pause(backoff(self._options, attempt, error))
            try:
                await self._replace()
                break
            except LecternError as problem:
                error = problem
            if not refreshed and self._host.may_do_without(error):
                refreshed = True
            elif not error.retryable or attempt + 1 >= self._options.reconnect_attempts:
                self._give_up(error)
                break
        self._renewal = None
        if self.link is None:
            self.renew()

    def _give_up(self, error: LecternError) -> None:
        if self.link is None:
            return self.finish("failed", error)
        # A refresh was refused: the old link is still good for the rest of its life.
        self._enter("open")
        self._release()
        return self._host.refused(error)

    def _release(self) -> None:
        self._held = False
        self._host.flush()

    async def _replace(self) -> None:
        link = await self._dial()
        if self.link is not None:
            # An old link is refused once the session has moved: nothing may be on its way.
            self._held = True
            await self.link.settled()
        try:
            greeting = self._host.greeting(rejoins=self.link is None)
            self._adopt(link, await self._greet(link, greeting))
        except LecternError as error:
            # Without an answer the session may have moved, so what waits goes on waiting.
            if not error.lost:
                self._release()
            raise

    def _enter(self, state: State) -> None:
        previous = self.state
        if previous not in {state, "closed"}:
            self.state = state
            self._host.entered(state, previous)

    def _close(self, link: Link, code: int = REPLACED) -> None:
        closing = link.close(code)
        self._closings.add(closing)
        closing.add_done_callback(self._closings.discard)
