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
from threading import Condition, Thread
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
    _more: Condition = field(default_factory=Condition)
    _is_silent: bool = False

    def stop(self) -> int:
        """End it as a platform does and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def heard(self, *words: str) -> list[str]:
        """The messages so far with all of these words."""
        messages = (str(line["message"]) for line in self.lines)
        return [message for message in messages if all(word in message for word in words)]

    def said(self, *words: str) -> str:
        """Wait for the first line that it logs with all of these words; its message."""
        with self._more:
            self._more.wait_for(lambda: self.heard(*words) or self._is_silent, START_SECONDS)
        found = self.heard(*words)
        assert found, f"never said: {words}; but {[line['message'] for line in self.lines]}"
        return found[0]

    def read(self) -> None:
        """Take its log, line by line, to the end."""
        assert self.process.stderr is not None
        for text in self.process.stderr:
            with self._more:
                self.lines.append(json.loads(text))
                self._more.notify_all()
        with self._more:
            self._is_silent = True
            self._more.notify_all()


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
    reader = Thread(target=server.read, daemon=True)
    reader.start()
    try:
        server.url = server.said("listening on ").removeprefix("listening on ")
        yield server
    finally:
        if process.poll() is None:
            server.stop()
        reader.join(10)
        assert process.stderr is not None
        process.stderr.close()
