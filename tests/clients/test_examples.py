"""The example captioner, run as a program."""

import asyncio
import os
import sys
from pathlib import Path

from lectern_client import join_session
from tests.running import Lectern

ROOT = Path(__file__).parents[2]


async def test_the_captioner_broadcasts_every_line_in_three_languages(lectern: Lectern) -> None:
    captioner = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "examples" / "captioner.py"),
        lectern.url,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ
        | {"LECTERN_TOKEN": lectern.token(), "PYTHONPATH": str(ROOT / "clients/python/src")},
    )
    assert captioner.stdin is not None
    assert captioner.stdout is not None
    session_id = (await captioner.stdout.readline()).decode().strip()
    listeners = [
        await join_session(lectern.url, session_id=session_id, target_language=language)
        for language in ("es", "fr", "de")
    ]
    captioner.stdin.write(b"Good morning.\nThank you.\n")
    captioner.stdin.write_eof()
    heard = [[message["data"]["text"] async for message in listener] for listener in listeners]
    assert heard == [
        ["Buenos días.", "Gracias."],
        ["Bonjour.", "Merci."],
        ["Guten Morgen.", "Danke."],
    ]
    assert await captioner.wait() == 0
