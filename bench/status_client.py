"""The process that `status.py` measures.

python -m bench.status_client LISTENERS CALLS
"""

import json
import os
import sys
import time
from collections import Counter

from chalicelib.domain.session import Session
from chalicelib.domain.types import SessionId
from tests.aws import MotoServer
from tests.stack import Stack

_LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "ru", "zh-Hant-TW")


def main(listeners: int, calls: int) -> None:
    with MotoServer() as server:
        aws = server.fresh("")
        os.environ.update(aws.environ)
        stack = Stack(aws)
        speaker, session_id = stack.session()
        _count(stack, SessionId(session_id), listeners)
        for _ in range(20):
            speaker.send("getSessionStatus")
        start = time.perf_counter()
        for _ in range(calls):
            status = speaker.send("getSessionStatus")
        elapsed = time.perf_counter() - start
        with stack.outside.counted() as made:
            speaker.send("getSessionStatus")
    assert status["listenerCount"] == listeners
    print(json.dumps({"ms a status": elapsed / calls * 1000, "DynamoDB calls": len(made)}))


def _count(stack: Stack, session_id: SessionId, listeners: int) -> None:
    """Set the counts of the session to this many listeners."""
    session: Session | None = stack.services.sessions.get(session_id)
    assert session is not None
    counts = Counter(_LANGUAGES[number % len(_LANGUAGES)] for number in range(listeners))
    assert stack.services.counts.repair(session, counts)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
