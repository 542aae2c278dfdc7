"""The counts of a session, as its tables have them in this version or an older one."""

from typing import Any

from bench.crowd.stage import Stage

Json = dict[str, Any]


def counted(stage: Stage, session_id: str) -> int:
    """Return the session's count of listeners: the sum of its shards, or that on its item."""
    label = "counts" if "counts" in stage.database.tables else "sessions"
    items = [item for item in stage.items(label) if item["sessionId"] == {"S": session_id}]
    return sum(int(item["listenerCount"]["N"]) for item in items if "listenerCount" in item)


def listeners(stage: Stage, session_id: str) -> int:
    """Return the number of connections that are listeners of the session."""
    return sum(
        item.get("sessionId") == {"S": session_id} and item.get("role") == {"S": "listener"}
        for item in stage.items("connections")
    )
