"""Real server processes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
SECRET: Final = "a-secret-for-the-tests-of-32-bytes-and-more"
START_SECONDS: Final = 30


def environment(url: str, **variables: str) -> dict[str, str]:
    """What a process of ours sees: nothing of the tester's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "COVERAGE_PROCESS_START") if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("COV")}
    return {**kept, "DATABASE_URL": url, "JWT_SECRET": SECRET, "PYTHONPATH": str(ROOT), **variables}


def todo(*arguments: str, env: Mapping[str, str], folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=env,
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass
class RunningServer:
    """A server that listens; `lines` has what it has logged so far."""

    process: subprocess.Popen[str]
    lines: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def stop(self) -> int:
        """End it as a platform does and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def running(env: Mapping[str, str], folder: Path, *arguments: str) -> Iterator[RunningServer]:
    """`todo serve` on a free port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--port", "0", *arguments],
        env=env,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = RunningServer(process)
    addresses: Queue[str] = Queue()
    reader = Thread(target=_read, args=(server, addresses), daemon=True)
    reader.start()
    try:
        server.url = addresses.get(timeout=START_SECONDS)
        yield server
    finally:
        if process.poll() is None:
            server.stop()
        reader.join(10)
        assert process.stderr is not None
        process.stderr.close()


def _read(server: RunningServer, addresses: "Queue[str]") -> None:
    assert server.process.stderr is not None
    for text in server.process.stderr:
        line = json.loads(text)
        server.lines.append(line)
        if line["message"].startswith("listening on "):
            addresses.put(line["message"].removeprefix("listening on "))
