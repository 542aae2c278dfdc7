"""Runs a command beside DynamoDB Local: `python -m tools.dynamodb_local pytest tests/…`.

The command finds it by `DYNAMODB_LOCAL_URL`. AWS publishes it on Maven Central
(com.amazonaws:DynamoDBLocal): Maven and Java 17 are needed, and fetch it once, into `artifacts`.
"""

import os
import socket
import subprocess
import sys
import time
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
_MAIN = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"


def main() -> int:
    """The exit code of the command."""
    _fetch()
    port = _free_port()
    java = ["java", "-Xmx1g", f"-Dsqlite4java.library.path={HOME}/lib", "-cp", f"{HOME}/lib/*"]
    server = subprocess.Popen(
        [*java, _MAIN, "-inMemory", "-port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, server)
        environ = os.environ | {"DYNAMODB_LOCAL_URL": f"http://127.0.0.1:{port}"}
        return subprocess.run(sys.argv[1:], env=environ, check=False).returncode
    finally:
        server.terminate()
        server.wait()


def _fetch() -> None:
    if (HOME / "lib").exists():
        return
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "pom.xml").write_text(_POM)
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    subprocess.run(command, cwd=HOME, check=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("DynamoDB Local has not started")


if __name__ == "__main__":
    sys.exit(main())
