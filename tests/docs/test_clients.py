"""The clients' own pages: the code of each runs against a stack."""

import asyncio
import shutil
import textwrap
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from lectern_client import create_session, join_session
from lectern_client.speaker import SpeakerSession
from tests.docs.blocks import ROOT, blocks_of
from tests.running import PATIENCE, Lectern

_SPANISH = {"text": "Hola a todos"}
_RUN = ("node", "--experimental-websocket")
"""Node 20 needs the option; later versions have WebSocket anyway."""
_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def code(page: str, number: int, lectern: Lectern, session_id: str = "") -> str:
    """Return one of a page's blocks, for this stack and this session."""
    text = list(blocks_of((ROOT / page).read_text()))[number].text
    text = text.replace("wss://…/prod", lectern.url).replace("golden-eagle-427", session_id)
    library = (ROOT / "clients" / "js" / "lectern.js").as_uri()
    return text.replace("'lectern-client'", f"'{library}'")


async def create_speaker(lectern: Lectern) -> SpeakerSession:
    return await create_session(lectern.url, source_language="en", token=lectern.token())


async def python(source: str, **names: Any) -> None:
    """Run statements that may await."""
    exec(f"async def run():\n{textwrap.indent(source, '    ')}", names)  # noqa: S102 - our own page
    await asyncio.wait_for(names["run"](), PATIENCE)


async def test_the_python_listener(lectern: Lectern) -> None:
    speaker = await create_speaker(lectern)
    printed: list[str] = []
    page = code("clients/python/README.md", 0, lectern, speaker.session_id)
    listening = asyncio.create_task(python(page, print=printed.append))

    while not printed:
        await speaker.broadcast(_SPANISH)
        await asyncio.sleep(0.05)
    await speaker.end_session()
    await listening

    assert printed[0] == "Hola a todos"


async def test_the_python_speaker(lectern: Lectern) -> None:
    page = code("clients/python/README.md", 1, lectern)

    await python(page, fetch_token=lectern.token)

    lectern.settle()
    (session,) = lectern.call("GET", "/_sandbox/state")["sessions"]
    assert (session["isActive"], session["streamPositions"]) == (False, {"es": 1})


@_NODE
async def test_the_javascript_listener(lectern: Lectern, tmp_path: Path) -> None:
    speaker = await create_speaker(lectern)
    page = code("clients/js/README.md", 0, lectern, speaker.session_id)
    script = tmp_path / "listener.mjs"
    script.write_text(page)

    process = await asyncio.create_subprocess_exec(*_RUN, str(script), stdout=PIPE)
    assert process.stdout is not None
    line = asyncio.create_task(process.stdout.readline())
    while not line.done():
        await speaker.broadcast(_SPANISH)
        await asyncio.sleep(0.05)
    await speaker.end_session()
    rest, _ = await asyncio.wait_for(process.communicate(), PATIENCE)

    assert line.result() == b"Hola a todos\n"
    assert rest.splitlines()[-1] == b"endedBySpeaker"


@_NODE
async def test_the_javascript_speaker(lectern: Lectern, tmp_path: Path) -> None:
    fetched = "fetch('/lectern-token').then((response) => response.text())"
    page = code("clients/js/README.md", 1, lectern)
    assert fetched in page
    page = page.replace(fetched, f"Promise.resolve('{lectern.token()}')")
    script = tmp_path / "speaker.mjs"
    script.write_text(f"{page}\nconsole.log(session.sessionId);\n")

    process = await asyncio.create_subprocess_exec(*_RUN, str(script), stdout=PIPE)
    assert process.stdout is not None
    session_id = (await process.stdout.readline()).decode().strip()
    listener = await join_session(lectern.url, session_id=session_id, target_language="es")
    status = await process.stdout.readline()
    process.kill()
    await process.wait()
    await listener.close()

    assert status == b"1 listening\n"
