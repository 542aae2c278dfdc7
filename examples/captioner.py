"""Caption every line of the input in Spanish, French and German.

LECTERN_TOKEN=… python examples/captioner.py ws://127.0.0.1:8001/local < talk.txt
"""

import asyncio
import os
import sys

from lectern_client import create_session

PHRASES = {  # your translation service goes here
    "Good morning.": {"es": "Buenos días.", "fr": "Bonjour.", "de": "Guten Morgen."},
    "Thank you.": {"es": "Gracias.", "fr": "Merci.", "de": "Danke."},
}


async def main(url: str) -> None:
    token = os.environ["LECTERN_TOKEN"]
    async with await create_session(url, source_language="en", token=token) as session:
        print(session.session_id, flush=True)
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            broadcasts = [
                session.broadcast(
                    {"text": PHRASES.get(line, {}).get(language, line)}, target_language=language
                )
                for language in ("es", "fr", "de")
            ]
            await asyncio.gather(*broadcasts)
        await session.end_session()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
