"""The harness of the benchmarks: fresh processes, interleaved rounds, medians, a stub server.

Every benchmark is a module with `main() -> list[Report]`; `python -m bench` runs them all and
writes `bench/results.md` and `bench/results.json`.
"""

import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import certifi

HERE = Path(__file__).parent
ROOT = HERE.parent
Figures = Mapping[str, float]
"""The figures of one run of one candidate, by name."""


@dataclass
class Row:
    """A candidate and its figures, each with median, lowest and highest value."""

    name: str
    figures: dict[str, tuple[float, float, float]]


@dataclass
class Report:
    """One table of the results. `requirements`: each with whether it was met."""

    title: str
    about: str
    rows: list[Row] = field(default_factory=list)
    requirements: list[tuple[str, bool]] = field(default_factory=list)

    def median(self, name: str, figure: str) -> float:
        return next(row.figures[figure][0] for row in self.rows if row.name == name)

    def require_at_most(self, what: str, value: float, most: float) -> None:
        """Require that `value` is at most `most`."""
        self.requirements.append((f"{what}: {value:.3g}, at most {most:.3g}", value <= most))

    def markdown(self) -> str:
        names = list(self.rows[0].figures)
        lines = [f"## {self.title}", "", self.about, ""]
        lines += ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
        for row in self.rows:
            cells = [_cell(row.figures[name]) if name in row.figures else "-" for name in names]
            lines.append(f"| {row.name} | " + " | ".join(cells) + " |")
        lines += [
            "",
            *(f"- {'met' if met else 'NOT MET'}: {what}" for what, met in self.requirements),
        ]
        return "\n".join(lines) + "\n"


def interleaved(
    candidates: Mapping[str, Callable[[], Figures]], rounds: int, note: bool = True
) -> list[Row]:
    """Run every candidate once a round, so that a noisy minute affects all of them alike."""
    seen: dict[str, list[Figures]] = {name: [] for name in candidates}
    for number in range(rounds):
        for name, run in candidates.items():
            if note:
                print(f"  {number + 1}/{rounds} {name}", file=sys.stderr)
            seen[name].append(run())
    return [Row(name, _summary(runs)) for name, runs in seen.items()]


def exact(figures: Figures) -> dict[str, tuple[float, float, float]]:
    """Return figures that do not vary, for a row; infinite ones are left out."""
    return {name: (value,) * 3 for name, value in figures.items() if math.isfinite(value)}


def python(
    module: str,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    share: float = 1.0,
) -> Figures:
    """Run `python -m module` in a fresh process, which prints its figures as one JSON object.

    `share` is the part of a core that it may use: 0.145 is a Lambda of 256 MB.
    """
    command = [sys.executable, "-m", module, *arguments]
    clean = {
        name: os.environ[name] for name in ("PATH", "HOME", "VIRTUAL_ENV") if name in os.environ
    }
    with _slice_of_a_core(share) as enter:
        done = subprocess.run(
            [*enter, *command],
            cwd=ROOT,
            env=clean | dict(environ or {}),
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def can_slice() -> bool:
    """Return whether this machine can limit a process to a part of a core (cgroup v1, as root)."""
    return os.access(_CGROUP, os.W_OK)


@dataclass(frozen=True)
class Server:
    """A running stub. `environ` has what a client needs to sign for it and to trust it.

    `boto3_environ` lists its root among the 117 that boto3 ships and parses, as in reality.
    """

    url: str
    environ: dict[str, str]
    boto3_environ: dict[str, str]


@contextmanager
def stub(latency_ms: float, tls: bool, body: str = "") -> Iterator[Server]:
    """Run the C server of `stub.c`, which responds to every request with `body` after
    `latency_ms`."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        program = directory / "stub"
        flags = ["-O2", "-o", str(program), str(HERE / "stub.c"), "-lssl", "-lcrypto"]
        subprocess.run(["cc", *flags], check=True)
        (directory / "body").write_text(body)
        chain = _certificates(directory) if tls else []
        running = subprocess.Popen(
            [str(program), str(latency_ms), str(directory / "body"), *chain],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert running.stdout is not None and running.stdin is not None  # noqa: PT018
        port = running.stdout.readline().strip()
        bundles = [
            {"AWS_CA_BUNDLE": str(directory / name)} if tls else {}
            for name in ("roots.pem", "all-roots.pem")
        ]
        url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
        try:
            yield Server(url, _AWS | bundles[0], _AWS | bundles[1])
        finally:
            running.stdin.close()
            running.wait()
            running.stdout.close()


def machine() -> str:
    """Return the machine for the results: processor, cores, system, Python."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    python_build = f"Python {platform.python_version()}"
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, {python_build}"
    )


def save(reports: Sequence[Report], bench: str) -> None:
    """Put the tables of one benchmark into `bench/results.json`, and rewrite `results.md`."""
    file = HERE / "results.json"
    parts = json.loads(file.read_text()) if file.exists() else {}
    load = f"{os.getloadavg()[1]:.1f} processes wanting the cores in the last five minutes"
    parts[bench] = {
        "machine": f"{machine()}; {load}",
        "reports": [asdict(report) for report in reports],
        "markdown": "\n".join(report.markdown() for report in reports),
    }
    file.write_text(json.dumps(parts, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    text = "# Measured\n\nMedians, with the lowest and the highest in brackets.\n"
    for name in sorted(parts):
        text += f"\n# {name}\n\nOn {parts[name]['machine']}.\n\n{parts[name]['markdown']}"
    (HERE / "results.md").write_text(text)


_AWS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLEEXAMPLEEX",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "x" * 1024,  # as long as Lambda's
    "PYTHONHASHSEED": "0",
}
_CGROUP = Path("/sys/fs/cgroup/cpu")


def _summary(runs: Sequence[Figures]) -> dict[str, tuple[float, float, float]]:
    values = {name: [run[name] for run in runs] for name in runs[0]}
    return {name: (statistics.median(all_), min(all_), max(all_)) for name, all_ in values.items()}


def _cell(value: tuple[float, float, float]) -> str:
    median, low, high = (f"{each:.3g}" if each < 1000 else f"{each:.0f}" for each in value)
    return median if low == high else f"{median} ({low} to {high})"


@contextmanager
def _slice_of_a_core(share: float) -> Iterator[list[str]]:
    """Yield a prefix for a command line that limits the command to `share` of a core."""
    if share >= 1:
        yield []
        return
    group = _CGROUP / f"bench-{os.getpid()}"
    group.mkdir()
    try:
        (group / "cpu.cfs_period_us").write_text("20000")  # Lambda's own period
        (group / "cpu.cfs_quota_us").write_text(str(int(share * 20_000)))
        yield ["sh", "-c", f'echo $$ > {group}/tasks; exec "$@"', "sh"]
    finally:
        group.rmdir()


def _certificates(directory: Path) -> list[str]:
    """Make a chain like AWS's: a leaf of RSA-2048, an intermediate, and a root beside Amazon's."""
    script = """
    ask() { openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj "/CN=$2"; }
    sign() { openssl x509 -req -in $1.csr -out $1.pem -days 30 -extfile $2 $3; }
    ask root Root; sign root ca "-signkey root.key"
    ask middle Middle; sign middle ca "-CA root.pem -CAkey root.key"
    ask leaf localhost; sign leaf host "-CA middle.pem -CAkey middle.key"
    cat leaf.pem middle.pem > chain.pem
    """
    (directory / "ca").write_text("basicConstraints=critical,CA:true\nkeyUsage=keyCertSign\n")
    (directory / "host").write_text("subjectAltName=DNS:localhost\n")
    command = [shutil.which("sh") or "sh", "-e", "-c", script]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    amazon = (ROOT / "chalicelib/aws/http/amazon_roots.pem").read_text()
    (directory / "roots.pem").write_text(amazon + (directory / "root.pem").read_text())
    everybody = Path(certifi.where()).read_text()
    (directory / "all-roots.pem").write_text(everybody + (directory / "root.pem").read_text())
    return [str(directory / "chain.pem"), str(directory / "leaf.key")]
