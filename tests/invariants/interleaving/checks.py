"""Judges a schedule: what each act did and said, and the rules once nothing is left to do."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.invariants import rules
from tests.invariants.interleaving.acts import Invocation
from tests.invariants.interleaving.scheduler import Schedule
from tests.invariants.interleaving.stage import Stage
from tests.invariants.interleaving.witness import Seen
from tests.stack import Json

_FAILED = {"jobFailed", "streamPartFailed", "disconnectPartFailed", "disconnectFailed"}
"""Log events of a part that failed, and is done again by somebody else or later."""
_OUTCOMES = {"requestCompleted", "requestFailed", "requestCancelled"}
_STEERING = ("broadcastState", "streamPositions")


def problems(
    stage: Stage, schedule: Schedule, invocations: Sequence[Invocation], replies: Sequence[object]
) -> list[str]:
    """Finish what is left after a schedule, and return the broken rules."""
    found = [f"8: act {number} raised {failure!r}" for number, failure in schedule.failures]
    for number, (invocation, reply) in enumerate(zip(invocations, replies, strict=True)):
        seen = [each for each in stage.witness.seen if each.act == number]
        found += _steered(invocation, seen)
        if isinstance(reply, dict) and invocation.actor and stage.is_open(invocation.actor):
            found += _refused(reply, seen)
    found += rules.at_once(stage)
    found += _failed_parts(stage)
    try:
        stage.finish()
    except AssertionError as failure:
        return [*found, f"7: what was left failed: {failure!r}"]
    return found + rules.settled(stage) + rules.nothing_missed(stage) + list(_outcomes(stage))


def _steered(invocation: Invocation, seen: Sequence[Seen]) -> Iterator[str]:
    """Rule 2: at the very moment of the write the client was the session's speaker."""
    if invocation.actor is None:
        return
    actor = invocation.actor.connection_id
    for change in seen:
        if change.table != "sessions" or not change.old or not change.new:
            continue
        by_speaker = change.old["isActive"] and change.new.get("endReason") == "endedBySpeaker"
        if (by_speaker or _moved(change)) and change.old["speakerConnectionId"] != actor:
            yield f"2: {actor} steered {change.new['sessionId']}, whose speaker it was not"


def _moved(change: Seen) -> bool:
    return change.old["isActive"] == change.new["isActive"] and any(
        change.old[name] != change.new[name] for name in _STEERING
    )


def _refused(reply: Json, seen: Sequence[Seen]) -> Iterator[str]:
    """Rule 8: a refusal changed nothing, unless the session ended after what it changed."""
    if reply.get("type") != "error":
        return
    if reply["status"] == 500:
        yield f"8: {reply}"
    if reply["status"] == 503 and reply["code"] != "SESSION_FULL":
        yield f"10: {reply}"
    changed = {
        change.table
        for change in seen
        if rules.is_lasting_change(change.table, change.old, change.new)
    }
    if reply["status"] < 500 and changed and reply["code"] != "SESSION_INACTIVE":
        yield f"8: {reply['code']} of {reply.get('action')} changed {sorted(changed)}"


def _failed_parts(stage: Stage) -> Iterator[str]:
    for line in stage.lines:
        if json.loads(line).get("event") in _FAILED:
            yield f"7: {line}"


def _outcomes(stage: Stage) -> Iterator[str]:
    """A request has one outcome (PROTOCOL 3), of which its client may hear twice."""
    outcomes = defaultdict(set)
    for client in stage.clients:
        for message in stage.heard(client):
            if message["type"] in _OUTCOMES:
                outcomes[message["requestId"]].add(message["type"])
    yield from (
        f"7: request {name} is {kinds}" for name, kinds in outcomes.items() if len(kinds) > 1
    )
