"""`make demo`: a speaker and five listeners in four languages, live in the terminal.

It uses the Python SDK, on the stack that `make run` has started or the one at `LECTERN_URL` on this
machine, and ends by itself after about 15 seconds.
"""

import asyncio
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from lectern_client import (
    LecternError,
    ListenerSession,
    Options,
    SpeakerSession,
    create_session,
    join_session,
)
from sandbox.demo.screen import Screen, screen

PORT = 8001
LISTENERS = (("Ana", "es"), ("Bruno", "es"), ("Chloé", "fr"), ("Dieter", "de"), ("Filipa", "pt"))
SENTENCES: tuple[dict[str, str], ...] = (
    {
        "en": "Good morning, wherever you are.",
        "es": "Buenos días, estén donde estén.",
        "fr": "Bonjour, où que vous soyez.",
        "de": "Guten Morgen, wo immer Sie sind.",
        "pt": "Bom dia, onde quer que estejam.",
    },
    {
        "en": "I speak one language; you hear your own.",
        "es": "Yo hablo un idioma; ustedes oyen el suyo.",
        "fr": "Je parle une langue ; vous entendez la vôtre.",
        "de": "Ich spreche eine Sprache, Sie hören Ihre eigene.",
        "pt": "Eu falo uma língua; vocês ouvem a sua.",
    },
    {
        "en": "Lose your connection, and you miss nothing.",
        "es": "Si pierden la conexión, no se pierden nada.",
        "fr": "Perdez la connexion, vous ne manquez rien.",
        "de": "Reißt die Verbindung ab, verpassen Sie nichts.",
        "pt": "Se a ligação cair, não perdem nada.",
    },
)
_QUICK = Options(backoff_base=0.2, backoff_cap=1.0)


class NotRunningError(Exception):
    """No stack is running; the text says what to do."""


@dataclass(frozen=True)
class Stack:
    """The running stack, and the two endpoints of its sandbox that the demo uses (PROTOCOL 7)."""

    port: int = PORT
    stage: str = "local"

    @classmethod
    def at(cls, url: str) -> "Stack":
        """Return the stack at a URL of this machine, such as `make deploy-local` prints."""
        parts = urllib.parse.urlsplit(url)
        return cls(parts.port or PORT, parts.path.strip("/"))

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/{self.stage}"

    async def token(self) -> str:
        """Get a speaker's token. Raises NotRunningError."""
        response = await self._call("token?sub=demo-speaker")
        return str(response["token"])

    async def cut(self, client: str) -> None:
        """Cut the socket whose URL has `client`, without a close frame."""
        await self._call("cut", {"client": client})

    async def _call(self, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/_sandbox/{path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}

        def call() -> dict[str, Any]:
            request = urllib.request.Request(url, data, headers)
            answer = urllib.request.urlopen(request, timeout=10)  # noqa: S310 # nosec B310 # our port
            with answer:
                return dict(json.load(answer))

        try:
            return await asyncio.to_thread(call)
        except urllib.error.URLError as problem:
            raise NotRunningError(
                f"No stack answers at {self.url}. Start it with `make run` in another terminal, "
                "then try again."
            ) from problem


async def play(stack: Stack, show: Screen, rest: Callable[[float], Awaitable[Any]]) -> None:
    """Play the whole demo; `rest` waits the given seconds between two scenes."""
    await stack.token()  # raises before anything is shown if no stack runs
    show.begin()
    client = f"demo-{os.getpid()}"
    speaker = await create_session(
        f"{stack.url}?client={client}", source_language="en", token=stack.token, options=_QUICK
    )
    _watch_speaker(speaker, show)
    show.session(speaker.session_id)
    listeners = []
    for name, language in LISTENERS:
        await rest(0.4)
        listeners.append(await _join(stack, speaker.session_id, name, language, show))
    await speaker.get_session_status()
    await rest(1)
    for sentence in SENTENCES[:2]:
        await _say(speaker, sentence, show)
        await rest(2)
    await _pause(speaker, show, rest)
    await _drop(stack, client, speaker, show)
    await rest(2)
    await _say(speaker, SENTENCES[2], show)
    await rest(2)
    await speaker.get_session_status()
    await rest(1)
    show.event("The speaker", "ends the session")
    await speaker.end_session()
    await asyncio.gather(*(_closed(listener) for listener in listeners))
    show.end()


async def _join(
    stack: Stack, session_id: str, name: str, language: str, show: Screen
) -> ListenerSession:
    listener = await join_session(
        stack.url, session_id=session_id, target_language=language, options=_QUICK
    )
    show.joined(name, language)
    listener.on("broadcast", lambda message: show.heard(name, message["data"]))
    listener.on("speakerReconnecting", lambda _: show.state(name, "speaker is away"))
    listener.on("speakerReturned", lambda _: show.state(name, "listening"))
    listener.on("sessionEnded", lambda message: show.state(name, message["reason"]))
    listener.on(
        "broadcastStateChanged",
        lambda message: show.state(
            name, "paused" if message["broadcastState"]["isPaused"] else "listening"
        ),
    )
    return listener


def _watch_speaker(speaker: SpeakerSession, show: Screen) -> None:
    speaker.on("sessionStatus", show.status)
    states = {"reconnecting": "has lost its socket", "open": "is back on a new one"}
    speaker.on(
        "state",
        lambda change: (
            show.event("The speaker", states[change["state"]])
            if change["state"] in states
            else None
        ),
    )


async def _say(speaker: SpeakerSession, sentence: dict[str, str], show: Screen) -> None:
    show.said(sentence["en"])
    await asyncio.gather(
        *(
            speaker.broadcast(show.stamped(sentence[language]), target_language=language)
            for language in sorted({language for _, language in LISTENERS})
        )
    )


async def _pause(
    speaker: SpeakerSession, show: Screen, rest: Callable[[float], Awaitable[Any]]
) -> None:
    show.event("The speaker", "pauses")
    await speaker.pause_broadcast()
    await rest(1.5)
    show.event("The speaker", "goes on")
    await speaker.resume_broadcast()
    await rest(0.5)


async def _drop(stack: Stack, client: str, speaker: SpeakerSession, show: Screen) -> None:
    """Cut the speaker's socket and wait until the SDK has reconnected (PROTOCOL 6.3)."""
    back = asyncio.Event()
    off = speaker.on("state", lambda change: back.set() if change["state"] == "open" else None)
    show.event("The network", "drops the speaker")
    await stack.cut(client)
    await back.wait()
    off()


async def _closed(listener: ListenerSession) -> None:
    while listener.state != "closed":
        await asyncio.sleep(0.02)


def main() -> int:
    """Run the demo; return the exit status."""
    port = int(os.environ.get("LECTERN_PORT", PORT))
    url = os.environ.get("LECTERN_URL")
    stack = Stack.at(url) if url else Stack(port)
    try:
        asyncio.run(play(stack, screen(), asyncio.sleep))
    except (NotRunningError, LecternError) as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
