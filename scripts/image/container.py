"""The image, and containers of it: user 1000, a read-only root, no capabilities, a process namespace of their own."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, Literal

from image.client import Client
from image.report import ImageError, expect, expect_within

PORT: Final = 7860
UID: Final = 1000
DISK: Final = "/var/lib/todo"
REPLICA: Final = "/data"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 25  # a Space kills some 30 s after SIGTERM

# $1 the image's files, $2 ro or rw, then pairs of a folder and where it is mounted, up to `--`; then the command.
# /dev has the five harmless devices and is read-only as well, so that no shared memory serves as a second folder.
_SCRIPT: Final = """
set -eu
root=$1 mode=$2; shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for name in null zero full random urandom; do
  : >"$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mount -o remount,ro "$root/dev"
mount -o "remount,bind,$mode" "$root"
while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; shift 2; done
shift
exec setpriv --no-new-privs chroot --userspec=1000:1000 --groups= "$root" /usr/bin/env -i "$@"
"""

Mounts = Mapping[str, Path]
Settings = Mapping[str, str]
NO_SETTINGS: Final[Settings] = {}
Mode = Literal["ro", "rw"]


@dataclass(frozen=True)
class Image:
    """What was built: its files and those of its base, mounted, and what it says about running it."""

    files: Path
    base: Path
    config: dict[str, Any]

    @contextmanager
    def container(
        self, arguments: Sequence[str], mounts: Mounts, settings: Settings = NO_SETTINGS, *, mode: Mode = "ro"
    ) -> Iterator["Container"]:
        """Something running in it, until the end of the block at the latest."""
        command = [
            *("unshare", "--mount", "--pid", "--fork", "--ipc", "--uts", "sh", "-c", _SCRIPT, "sh"),
            *(str(self.files), mode, *(str(word) for target, path in mounts.items() for word in (path, target)), "--"),
            *(f"--chdir={self.config['WorkingDir']}", "HOME=/home/todo", *self.config["Env"]),
            *(*(f"{name}={value}" for name, value in settings.items()), *arguments),
        ]
        with tempfile.TemporaryDirectory() as name:
            logs = Path(name)
            with (logs / "out").open("w") as out, (logs / "err").open("w") as err:
                process = subprocess.Popen(command, stdout=out, stderr=err)
            with process:
                container = Container(process, logs, time.monotonic())
                try:
                    yield container
                finally:
                    container.kill()

    def run(self, *arguments: str, mounts: Mounts, settings: Settings = NO_SETTINGS) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of something that ends by itself."""
        with self.container(arguments, mounts, settings) as container:
            return container.end(START_SECONDS)

    def serve(self, port: int = PORT) -> list[str]:
        """The image's own command, on another port where two run at once."""
        expect("the image's command ends with its port", self.config["Cmd"][-1], str(PORT))
        return [*self.config["Cmd"][:-1], str(port)]


@dataclass(frozen=True)
class Container:
    """A process tree under way."""

    process: subprocess.Popen[bytes]
    logs: Path
    started_at: float

    def first(self) -> int | None:
        """Its process 1, which is the child of the one that we started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            found = children.read_text(encoding="utf-8").split()
        except OSError:
            return None
        return int(found[0]) if found else None

    def send(self, number: signal.Signals) -> None:
        """Signal its process 1."""
        if (pid := self.first()) is not None:
            os.kill(pid, number)

    def kill(self) -> None:
        """End everything in it at once: with process 1 goes its whole namespace."""
        if self.process.poll() is None:
            self.send(signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    def named(self, name: str) -> int:
        """The process in it that has this name."""
        waiting = [self.first()]
        while waiting:
            pid = waiting.pop()
            if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == name:
                return int(pid or 0)
            waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split())
        raise ImageError(f"no process {name} in the container")

    def log(self) -> str:
        """What it has written to standard error."""
        return (self.logs / "err").read_text(encoding="utf-8", errors="replace")

    def end(self, seconds: float) -> tuple[int, str, str]:
        """Exit code, standard output and standard error, once it has ended."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ImageError(f"what was started has not ended within {seconds} s; {self.last_words()}") from None
        return code, (self.logs / "out").read_text(encoding="utf-8"), self.log()

    def last_words(self) -> str:
        """The end of its log, requests left out."""
        lines = [line for line in self.log().splitlines() if '"message": "request"' not in line]
        return "its log ends with " + " | ".join(line[:300] for line in lines[-12:])

    def wait_until_ready(self, port: int = PORT) -> float:
        """Seconds from the start to the first 200 of /readyz."""
        client = Client(port)
        while time.monotonic() < self.started_at + START_SECONDS:
            if self.process.poll() is not None:
                raise ImageError(f"the server has ended with code {self.process.returncode}; {self.last_words()}")
            try:
                if client.ask("GET", "/readyz").status == 200:
                    return time.monotonic() - self.started_at
            except (OSError, HTTPException):
                pass
            time.sleep(0.01)
        raise ImageError(f"/readyz has not answered 200 within {START_SECONDS} s; {self.last_words()}")

    def stop(self) -> float:
        """Seconds from SIGTERM to the end, which must be of its own will."""
        asked_at = time.monotonic()
        self.send(signal.SIGTERM)
        code = self.end(STOP_SECONDS + 5)[0]
        expect(f"exit code after SIGTERM ({self.last_words()})", code, 0)
        seconds = time.monotonic() - asked_at
        expect_within("SIGTERM to the end", seconds, STOP_SECONDS)
        return seconds


@contextmanager
def folder(owner: int = UID) -> Iterator[Path]:
    """An empty folder to mount, closed to everybody but its owner."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "mounted")
        path.mkdir(mode=0o700)
        os.chown(path, owner, owner)
        yield path
