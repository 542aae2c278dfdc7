"""The nine invariants of docs/build/architecture.md, checked in the tables and received messages.

Each check returns what it found wrong, as sentences that begin with the rule's number. `at_once`
holds between any two calls; `settled` when nothing is left to do; `of_turn` over one message.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.invariants.world import Snapshot, World
from tests.stack import Client, Json

_ACTIVITY = {
    "lastActivityTime",
    "messagesReceived",
    "refreshAt",
    "warnAt",
    "tokenNoticeAt",
    "role",
    "joinTries",
    "joinTriesSince",
}
"""Attributes that a refused message may still change: activity, tries, and notices that were due.
"""
_LATE_SECONDS = 120
"""Seconds that a notice may be late: two sweeps."""
_FORBIDDEN_LINES = {
    "unexpected",
    "disconnectFailed",
    "leftWithoutCount",
    "countsRepaired",
}
_WHOLE = {"tenantId", "speakerUserId", "createdAt", "isActive", "shards"}
_WHOLE_SHARD = {"isActive", "capacity", "joins", "listenerCount", "languageCounts"}


def at_once(world: World) -> list[str]:
    """Return the broken rules of those that hold between any two calls of any process."""
    state = world.snapshot()
    return [
        *_counts(state),
        *_seats(state),
        *_capacity(world, state),
        *_connected_at(world, state),
        *_tenants(state),
    ]


def settled(world: World) -> list[str]:
    """Return the broken rules once every retry, sweep and repair has run."""
    state = world.snapshot()
    return [
        *at_once(world),
        *_no_ghosts(world, state),
        *_noticed(world, state),
        *_ended(world, state),
        *_shards(state),
        *_messages(world),
        *_welcomed(world),
        *_seqs(world),
        *_lines(world),
        *[f"7: a job never succeeded: {job}" for job in world.dead_letters],
    ]


def of_turn(client: Client, reply: Json | None, before: Snapshot, after: Snapshot) -> list[str]:
    """Check rules 2 and 8 for one message and what it changed."""
    problems = list(_steered(client, before, after))
    return problems + list(_unchanged(reply, before, after)) if reply else problems


def nothing_missed(world: World) -> list[str]:
    """Rule 9: every listener asks for what it missed, and has all of it, or is told of a gap."""
    return [problem for client in world.clients for problem in _hole(world, client)]


def _hole(world: World, client: Client) -> Iterator[str]:
    item = client.item
    if not world.is_open(client) or not item or item["role"] == "speaker":
        return
    if "sessionId" not in item:
        return
    streams = ("*", item["targetLanguage"])
    reply = client.send("recover", lastSeq=dict.fromkeys(streams, 0))
    held = {(m["stream"], m["seq"]) for m in _broadcasts(world.heard(client))}
    wanted = {(stream, seq) for stream in streams for seq in range(1, reply["lastSeq"][stream] + 1)}
    if not reply["gap"] and not wanted <= held:
        yield f"9: {client.connection_id} misses {wanted - held} without a gap"


def _counts(state: Snapshot) -> Iterator[str]:
    """Rule 1, shard by shard."""
    listeners: dict[str, Counter[str]] = defaultdict(Counter)
    for item in state["connections"].values():
        if "sessionId" in item and item["role"] != "speaker":
            place = f"{item['sessionId']}|{item.get('shard')}"
            listeners[place][item["targetLanguage"]] += 1
    for session_id, session in state["sessions"].items():
        if missing := _WHOLE - session.keys():
            yield f"1: session {session_id} was made anew, without {sorted(missing)}"
    for name, shard in state["counts"].items():
        if missing := _WHOLE_SHARD - shard.keys():
            yield f"1: shard {name} was made anew, without {sorted(missing)}"
            continue
        found = dict(listeners.pop(name, {}))
        counted = {name: n for name, n in shard["languageCounts"].items() if n}
        total = shard["listenerCount"]
        if counted != found or total != sum(found.values()):
            yield f"1: {name} counts {total} {counted}, its connections are {found}"
    for name, found in listeners.items():
        yield f"1: {dict(found)} are in {name}, which does not exist"


def _seats(state: Snapshot) -> Iterator[str]:
    """Rule 1, for who comes back: a participant is on one connection (PROTOCOL 6.1)."""
    on: dict[tuple[str, str], list[str]] = defaultdict(list)
    for connection_id, item in state["connections"].items():
        if "participantId" in item:
            on[item["sessionId"], item["participantId"]].append(connection_id)
    for (session_id, participant), ids in on.items():
        if len(ids) > 1:
            yield f"1: {participant} listens to {session_id} on {ids}"


def _capacity(world: World, state: Snapshot) -> Iterator[str]:
    """Rule 4."""
    most = world.services.settings.max_listeners_per_session
    listeners: Counter[str] = Counter()
    for shard in state["counts"].values():
        listeners[shard["sessionId"]] += shard.get("listenerCount", 0)
    for session_id, count in listeners.items():
        if count > most:
            yield f"4: {session_id} has {count} listeners, {most} are the most"


def _connected_at(world: World, state: Snapshot) -> Iterator[str]:
    """Rule 5, as far as it shows in the table."""
    for client in world.clients:
        item = state["connections"].get(client.connection_id)
        if item and item.get("connectedAt") != client.connected_at:
            yield f"5: {client.connection_id} connected at {client.connected_at}, not {item}"


def _tenants(state: Snapshot) -> Iterator[str]:
    """Rule 6, in the tables: whatever refers to a session is of its tenant."""
    tenants = {name: item.get("tenantId") for name, item in state["sessions"].items()}
    for label in ("connections", "requests", "subscriptions"):
        for key, item in state[label].items():
            session_id = item.get("sessionId") or item.get("topicKey", "").partition("#")[0]
            if session_id in tenants and item["tenantId"] != tenants[session_id]:
                yield f"6: {label} {key} is of {item['tenantId']}, its session is not"


def _no_ghosts(world: World, state: Snapshot) -> Iterator[str]:
    """Rule 1, seen from outside: who is counted has an open socket."""
    for connection_id, item in state["connections"].items():
        if connection_id not in world.sockets.open:
            yield f"1: {connection_id} is gone, and still in the table: {item}"


def _noticed(world: World, state: Snapshot) -> Iterator[str]:
    """Rule 5, as clients see it: each was asked to refresh, and warned, when it was time."""
    settings, now = world.services.settings, world.clock.now
    for client in world.clients:
        item = state["connections"].get(client.connection_id)
        if item is None or "supersededBy" in item:
            continue
        age = (now - client.connected_at) / 1000 - _LATE_SECONDS
        heard = {message["type"] for message in world.heard(client)}
        due = {"connectionWarning": settings.connection_warning_minutes * 60}
        if "sessionId" in item:
            due["connectionRefreshRequired"] = settings.connection_refresh_minutes * 60 + 240
        for notice, seconds in due.items():
            if age > seconds and notice not in heard:
                yield f"5: {client.connection_id} is {age} s old and never had its {notice}"


def _ended(world: World, state: Snapshot) -> Iterator[str]:
    """Rule 3."""
    ended = {name for name, item in state["sessions"].items() if not item.get("isActive", True)}
    for connection_id, item in state["connections"].items():
        if item.get("sessionId") in ended:
            yield f"3: {connection_id} is still in {item['sessionId']}, which has ended"
    clients: dict[str, Client] = {client.connection_id: client for client in world.clients}
    for session_id, audience in world.recorder.audience.items():
        for connection_id in audience & world.sockets.open.keys():
            if not _was_told(world, clients[_latest(state, connection_id)], session_id):
                yield f"3: {connection_id} was never told that {session_id} has ended"


def _latest(state: Snapshot, connection_id: str) -> str:
    """Return the connection on which a client goes on: it may have refreshed meanwhile."""
    while (item := state["connections"].get(connection_id)) and "supersededBy" in item:
        connection_id = item["supersededBy"]
    return connection_id


def _shards(state: Snapshot) -> Iterator[str]:
    """Rules 1 and 3: a session's shards are open as long as it is, and expire only once closed."""
    active = {name: item for name, item in state["sessions"].items() if item.get("isActive")}
    for name, shard in state["counts"].items():
        session = active.get(shard["sessionId"])
        if shard["isActive"] != (session is not None):
            yield f"3: {name} is {'open' if shard['isActive'] else 'closed'}, its session is not"
        if shard["isActive"] == ("expiresAt" in shard):
            yield f"1: {name} would expire too early, or never"
        if shard["isActive"] and 0 in shard["languageCounts"].values():
            yield f"1: {name} keeps languages that nobody listens to: {shard['languageCounts']}"
    for session_id, session in active.items():
        found = sum(shard["sessionId"] == session_id for shard in state["counts"].values())
        if found != session["shards"]:
            yield f"1: {session_id} has {found} shards"


def _was_told(world: World, client: Client, session_id: str) -> bool:
    """That it has ended, or that itself has left: who asks for that is not told twice."""
    return any(
        message["type"] in ("sessionEnded", "sessionLeft") and message["sessionId"] == session_id
        for message in world.heard(client)
    )


def _messages(world: World) -> Iterator[str]:
    """Rule 6, in what clients received: only of sessions they were let into."""
    for client in world.clients:
        for message in world.sockets.posted.get(client.connection_id, []):
            if message["type"] in ("broadcast", "topicMessage", "sessionStatus") and (
                message["sessionId"] not in world.recorder.members[client.connection_id]
            ):
                yield f"6: {client.connection_id} received {message}"
            data = message.get("data")
            if (
                isinstance(data, dict)
                and data.get("of", message["sessionId"]) != (message["sessionId"])
            ):
                yield f"6: {client.connection_id} received {message}"


def _welcomed(world: World) -> Iterator[str]:
    """PROTOCOL 1.2: the first message is the reply to a handshake with `action=`."""
    for client in world.clients:
        if client in world.acting and world.is_open(client) and not world.heard(client):
            yield f"3: {client.connection_id} was let in by its handshake, and never heard anything"


def _seqs(world: World) -> Iterator[str]:
    """Rule 9: a seq is given once."""
    said: dict[tuple[str, str, int], str] = {}
    for client in world.clients:
        for message in _broadcasts(world.heard(client)):
            key = message["sessionId"], message["stream"], message["seq"]
            data = json.dumps(message["data"])
            if said.setdefault(key, data) != data:
                yield f"9: {key} is {said[key]} for one and {data} for another"
    accepted = Counter(
        (reply["sessionId"], reply["stream"], reply["seq"])
        for client in world.clients
        for reply in client.replies
        if reply["type"] == "broadcastAccepted"
    )
    yield from (f"9: {key} was given {n} times" for key, n in accepted.items() if n > 1)


def _broadcasts(messages: list[Json]) -> Iterator[Json]:
    for message in messages:
        if message["type"] == "broadcast":
            yield message
        yield from message.get("missed", [])


def _lines(world: World) -> Iterator[str]:
    """Check rules 1, 7 and 8 in the logs: no count was repaired, no error unexpected."""
    for line in world.lines:
        entry = json.loads(line)
        if entry.get("event") in _FORBIDDEN_LINES - world.expected_lines:
            yield f"8: {line}"


def _steered(client: Client, before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Rule 2."""
    for session_id, old in before["sessions"].items():
        new = after["sessions"].get(session_id, old)
        by_speaker = new.get("endReason") == "endedBySpeaker" and old["isActive"]
        moved = any(old[name] != new[name] for name in ("broadcastState", "streamPositions"))
        if (by_speaker or moved) and old["speakerConnectionId"] != client.connection_id:
            yield f"2: {client.connection_id} steered {session_id}, whose speaker it is not"


def _unchanged(reply: Json, before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Rule 8: a message that is refused leaves everything as it was."""
    if reply["type"] != "error":
        return
    if reply["status"] == 500:
        yield f"8: {reply}"
    if reply["status"] >= 500:
        return
    for label in before:
        old, new = _settled_part(label, before[label]), _settled_part(label, after[label])
        if old != new:
            changed = [key for key in old.keys() | new.keys() if old.get(key) != new.get(key)]
            yield f"8: {reply['code']} of {reply.get('action')} changed {label}: {changed}"


def is_lasting_change(label: str, old: Json, new: Json) -> bool:
    """Return whether a change of an item is more than a refused message may make."""
    if label == "rate_limits":
        return str((new or old)["bucket"]).startswith("resume:")
    return _settled_part(label, {"": old}) != _settled_part(label, {"": new})


def _settled_part(label: str, items: dict[str, Json]) -> dict[str, dict[str, Any]]:
    if label == "rate_limits":
        return {key: item for key, item in items.items() if key.startswith("resume:")}
    if label != "connections":
        return items
    return {
        key: {name: value for name, value in item.items() if name not in _ACTIVITY}
        for key, item in items.items()
    }
