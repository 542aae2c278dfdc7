"""Breaks the code on purpose, one place at a time, and shows that a test fails each time.

    python -m tests.invariants.break_it            all of them
    python -m tests.invariants.break_it capacity   those whose name has this word in it

It works on a copy. The code as it is comes first: a test that fails anyway would notice nothing.
Ends with 1 if a break goes unnoticed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_COPIED = ("chalicelib", "sandbox", "localcloud", "tests", "tools", "terraform", "docs", "app.py")
_TESTS = ["tests/invariants/test_crash_matrix.py", "tests/invariants/test_concurrency.py"]
_MORE = ["tests/invariants/test_stateful.py", "tests/chalicelib/actions"]
_SECONDS = 900


@dataclass(frozen=True)
class Mutation:
    """One defect to introduce; `old` stands in `file` exactly once."""

    name: str
    file: str
    old: str
    new: str

    def source(self, root: Path = ROOT) -> str:
        return (root / "chalicelib" / self.file).read_text()

    def apply(self, root: Path) -> None:
        path = root / "chalicelib" / self.file
        path.write_text(path.read_text().replace(self.old, self.new))


MUTATIONS = [
    Mutation(
        "the counts of an ended session stay open",
        "actions/session/shards.py",
        "        if shard.is_active\n    ]",
        "        if not shard.is_active\n    ]",
    ),
    Mutation(
        "a full shard refuses while another has room",
        "actions/session/shards.py",
        "return fitting[services.pick(len(fitting))].number",
        "return totals.shards[0].number",
    ),
    Mutation(
        "a listener that moves is counted by another shard",
        "actions/session/join.py",
        "in_shard = _in_shard(entry, old.shard)",
        "in_shard = entry",
    ),
    Mutation(
        "a request that comes twice is refused",
        "actions/session/join.py",
        "        if old is not None and holder == connection.connection_id:",
        "        if old is not None and holder is connection:",
    ),
    Mutation(
        "languages that nobody listens to stay",
        "actions/upkeep/counts_changes.py",
        "services.counts.remove_unused_languages(shard)",
        "shard.listeners()",
    ),
    Mutation(
        "of two statuses at once the earlier one is the last",
        "stores/sessions.py",
        'condition = "#statusSent = :seen"',
        'condition = ":seen = :seen"',
    ),
    Mutation(
        "one more than the capacity",
        "stores/listener_counts.py",
        "#listenerCount < #capacity",
        "#listenerCount <= #capacity",
    ),
    Mutation(
        "an ended session can be joined",
        "stores/listener_counts.py",
        'condition=f"#isActive = :true AND #listenerCount < #capacity AND',
        'condition=f":true = :true AND #listenerCount < #capacity AND',
    ),
    Mutation(
        "any connection ends a session",
        "stores/sessions.py",
        "        if speaker is not None:\n            condition +=",
        "        if speaker is None:\n            condition +=",
    ),
    Mutation(
        "a listener is deleted although it has changed",
        "stores/connection_membership.py",
        'return self._table.delete({"connectionId": connection.connection_id}, condition, known)',
        'return self._table.delete({"connectionId": connection.connection_id})',
    ),
    Mutation(
        "a seat is taken without its condition",
        "stores/seats.py",
        '"attribute_not_exists(#bucket)" if previous is None else "#holder = :previous"',
        '""',
    ),
    Mutation(
        "the last refresh has the session, on however old a socket",
        "domain/session.py",
        "return holder.connected_at > self.connected_at",
        "return False",
    ),
    Mutation(
        "a superseded connection may go on speaking",
        "actions/dispatch.py",
        "if connection is None or connection.superseded_by is not None:",
        "if connection is None:",
    ),
    Mutation(
        "the stream does not finish an end",
        "actions/upkeep/session_changes.py",
        "    if any(_is_end(old, new) for old, new in changes):\n",
        "    if not records:\n",
    ),
    Mutation(
        "the sweep ignores a grace period whose job was lost",
        "actions/upkeep/sweep.py",
        "session.grace_deadline <= now",
        "session.grace_deadline <= 0",
    ),
    Mutation(
        "a slow listener is dismissed at once",
        "actions/session/dismissal.py",
        "_UNREACHABLE_MILLIS = 600_000",
        "_UNREACHABLE_MILLIS = 0",
    ),
    Mutation(
        "attachments of an ended session follow into the next",
        "actions/session/join.py",
        "if connection.ended_session_id is not None:",
        "if connection.ended_session_id is connection:",
    ),
    Mutation(
        "a listener that entered another session is taken out of it",
        "actions/session/leave.py",
        "if current is None or (current.session_id != session_id and not delete):",
        "if current is None:",
    ),
    Mutation(
        "a broadcast that fits in no reply is not recovered",
        "actions/session/recovery.py",
        "if too_large is not None and not reply.missed:",
        "if too_large is not None and reply.missed:",
    ),
    Mutation(
        "connections due before the next sweep are left to it",
        "actions/connection/due.py",
        "if delay >= SWEEP_MILLIS:",
        "if delay >= 0:",
    ),
    Mutation(
        "a notice is noted before it is sent",
        "domain/lifetimes.py",
        "return _moved(connection, due, Millis(now + MINUTE))",
        "return _moved(connection, due, NEVER)",
    ),
    Mutation(
        "the record is deleted although the clean-up failed",
        "actions/connection/disconnect.py",
        'if "session" not in failures.parts:',
        "if failures is not None:",
    ),
    Mutation(
        "another tenant's session may be joined",
        "actions/session/access.py",
        "same_tenant = connection.tenant_id == session.tenant_id",
        "same_tenant = bool(session.tenant_id)",
    ),
    Mutation(
        "a seq may be given while paused",
        "stores/sessions.py",
        '"#broadcastState.#isPaused = :false AND"',
        '":false = :false AND"',
    ),
    Mutation(
        "a new session takes another one's name",
        "stores/sessions.py",
        '"attribute_not_exists(#sessionId)"',
        '""',
    ),
    Mutation(
        "topics of one name are one topic",
        "stores/subscriptions.py",
        'return f"{session_id}#{topic}"',
        'return f"#{topic}"',
    ),
    Mutation(
        "a tenant's connections are found by another one's id",
        "stores/connections.py",
        'values={"tenant": tenant_id}, index="tenantId-index"\n        )\n        return (',
        'values={"tenant": "acme"}, index="tenantId-index"\n        )\n        return (',
    ),
    Mutation(
        "a token of any tenant prolongs a connection",
        "actions/connection/authenticate.py",
        "(identity.user_id, identity.tenant_id) != (connection.user_id, connection.tenant_id)",
        "identity.user_id != connection.user_id",
    ),
    Mutation(
        "every connection cancels a request",
        "actions/background/submit.py",
        "background is not None and background.connection_id == call.connection_id",
        "background is not None",
    ),
    Mutation(
        "a job posts to listeners that entered another session",
        "actions/delivery/audience.py",
        "return location.session_id == audience.key"
        " and audience.language in (None, location.language)",
        "return audience.language in (None, location.language)",
    ),
    Mutation(
        "a job posts to connections of another tenant",
        "actions/delivery/audience.py",
        "return location.tenant_id == audience.key",
        "return location.tenant_id is not None",
    ),
    Mutation(
        "a topic's job posts to subscribers in another session",
        "actions/delivery/audience.py",
        "return location.session_id == session_of(audience.key)",
        "return location.session_id is not None",
    ),
]


def main(words: list[str]) -> int:
    """Print a line for each mutation: the test that failed, or that none did."""
    chosen = [each for each in MUTATIONS if not words or any(w in each.name for w in words)]
    if failed := first_failure(None):
        sys.stdout.write(f"{failed} fails before anything is broken\n")
        return 1
    unnoticed = 0
    for mutation in chosen:
        failed = noticed_by(mutation)
        unnoticed += failed is None
        sys.stdout.write(f"{mutation.name:<52} {failed or 'UNNOTICED'}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - unnoticed} of {len(chosen)} breaks were noticed\n")
    return 1 if unnoticed else 0


def noticed_by(mutation: Mutation) -> str | None:
    """Return the first test that fails with this mutation, None if all pass."""
    if mutation.source().count(mutation.old) != 1:
        raise SystemExit(f"{mutation.name}: the code is no longer what it was")
    return first_failure(mutation)


def first_failure(mutation: Mutation | None) -> str | None:
    """Return the first test that fails on a copy of the code, with or without a mutation."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        _copy(root)
        if mutation:
            mutation.apply(root)
        return _first_failure(root, _TESTS) or _first_failure(root, _MORE)


def _copy(root: Path) -> None:
    for name in (*_COPIED, "pyproject.toml"):
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("node_modules", ".terraform", "__pycache__")
            shutil.copytree(source, root / name, ignore=ignore)
        else:
            shutil.copy(source, root / name)


def _first_failure(root: Path, tests: list[str]) -> str | None:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:randomly"]
    environ = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    environ["LECTERN_MATRIX"] = "whole"
    run = subprocess.run(
        [*command, "-n", "0", *tests],
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    failures = [line for line in run.stdout.splitlines() if line.startswith("FAILED")]
    if failures:
        return failures[0].removeprefix("FAILED tests/").partition(" - ")[0]
    if run.returncode != 0:
        raise SystemExit(f"the tests did not run:\n{run.stdout}{run.stderr}")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
