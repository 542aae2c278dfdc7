"""The uploaded zips, each unpacked once, and what Lambda's runtime adds to them.

A function finds what it would find on AWS: its zip, the standard library, awslambdaric and boto3,
but nothing else of the virtual environment. What the zip lacks is missing here too.
"""

import importlib.util
import io
import mmap
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path

from localcloud.functions.configuration import Configuration

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
RUNTIME_MODULES = (
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "runtime_client",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
)


class Packages:
    """A folder with one folder for each zip, `runtime`, and the temporary folders of instances."""

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="account-functions-"))
        self._lock = threading.Lock()
        self.clock_file = self._root / "clock"
        self.clock_file.write_bytes(bytes(8))
        self.runtime = self._root / "runtime"
        self.runtime.mkdir()
        for name in RUNTIME_MODULES:
            self._link(name)

    def unpacked(self, configuration: Configuration) -> Path:
        """Return the folder of the function's zip: its `/var/task`."""
        # The digest is base64, which has no `_`.
        folder = self._root / "task" / configuration.code_sha.replace("/", "_")
        with self._lock:
            if not folder.exists():
                new = Path(tempfile.mkdtemp(dir=self._root))
                with zipfile.ZipFile(io.BytesIO(configuration.code)) as archive:
                    archive.extractall(new)
                folder.parent.mkdir(exist_ok=True)
                new.rename(folder)
        return folder

    def temporary(self) -> Path:
        """Create an empty folder: an instance's `/tmp`."""
        return Path(tempfile.mkdtemp(dir=self._root, prefix="tmp-"))

    def clock(self) -> mmap.mmap:
        """Map the eight bytes that every instance reads: the clock's offset in milliseconds."""
        with self.clock_file.open("r+b") as file:
            return mmap.mmap(file.fileno(), 8)

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _link(self, module: str) -> None:
        found = importlib.util.find_spec(module)
        if found is None or found.origin is None:
            raise RuntimeError(f"{module} is not installed: the local cloud needs it, on Linux")
        origin = Path(found.origin)
        target = origin.parent if found.submodule_search_locations else origin
        (self.runtime / target.name).symlink_to(target)
