"""Run a command beside Amazon's DynamoDB Local: `python -m tools.dynamodb_local pytest tests/…`.

It has Amazon's own licence: neither `make test` nor CI runs it (docs/build/dynamodbs.md).

The command finds its URL in `DYNAMODB_URL`. AWS publishes it on Maven Central
(com.amazonaws:DynamoDBLocal; this is the newest version there). It needs Maven and Java 17, which
fetch it once, into `artifacts`. It runs in memory, on 127.0.0.1 only, and without telemetry.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "2.6.1"
HOME = Path(__file__).parents[1] / "artifacts" / f"dynamodb-local-{VERSION}"

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>lectern</groupId><artifactId>dynamodb-local</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId>
    <version>{VERSION}</version>
  </dependency></dependencies>
</project>
"""
_LAUNCHER = Path(__file__).with_name("DynamoDBLocal.java")


def main() -> int:
    """Run the command and return its exit code."""
    if missing := [tool for tool in ("java", "mvn") if shutil.which(tool) is None]:
        sys.stdout.write(f"SKIPPED: DynamoDB Local needs {' and '.join(missing)}\n")
        return 0
    _fetch()
    java = ["java", "-Xmx1g", f"-Dsqlite4java.library.path={HOME}/lib", "-cp", f"{HOME}/lib/*"]
    with subprocess.Popen(
        [*java, _LAUNCHER],
        cwd=HOME,  # it writes a file to its directory
        env=os.environ | {"DDB_LOCAL_TELEMETRY": "0"},
        stdin=subprocess.PIPE,  # it stops when stdin closes
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        environ = os.environ | {"DYNAMODB_URL": f"http://127.0.0.1:{_port(server)}"}
        return subprocess.run(sys.argv[1:], env=environ, check=False).returncode


def _port(server: subprocess.Popen[str]) -> int:
    for line in server.stdout or ():
        if line.startswith("port "):
            return int(line.removeprefix("port "))
    raise SystemExit("DynamoDB Local did not start")


def _fetch() -> None:
    if (HOME / "lib").exists():
        return
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "pom.xml").write_text(_POM)
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    subprocess.run(command, cwd=HOME, check=True)


if __name__ == "__main__":
    sys.exit(main())
