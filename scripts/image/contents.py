"""What is in the image, and what it does without a replica."""

import json
import subprocess
from pathlib import Path
from typing import Final

from image.build import COMMIT
from image.client import Client, register
from image.container import DISK, PORT, UID, Image, folder
from image.report import ImageError, expect, say

_MOST_MEGABYTES: Final = 250

# What the process may write to, where everything is readable to it.
_PROBE: Final = """
import json, os, sys
found = []
for folder in ("/", "/tmp", "/var/tmp", "/dev/shm", "/run", os.path.expanduser("~"), "/srv/todo", "/venv", "/data",
               "/var/lib/todo"):
    try:
        open(os.path.join(folder, "probe"), "w").close()
    except OSError:
        continue
    os.remove(os.path.join(folder, "probe"))
    found.append(folder)
import importlib.util
tools = [name for name in ("pip", "setuptools", "wheel") if importlib.util.find_spec(name)]
print(json.dumps({"uid": os.getuid(), "groups": os.getgroups(), "writable": found, "tools": tools}))
"""


def check_contents(image: Image) -> None:
    """Whom it runs as, what is in it, and that this very test gives it no more than it should have."""
    expect("USER", image.config["User"], str(UID))
    with folder() as disk:
        code, out, err = image.run("python", "-c", _PROBE, mounts={DISK: disk})
    expect(f"exit code of the probe ({err})", code, 0)
    expect("the process", json.loads(out), {"uid": UID, "groups": [], "writable": [DISK], "tools": []})
    names = {path.name for path in (image.files / "srv/todo").iterdir()}
    expect("/srv/todo", names, {"LICENSE", "app", "migrations", "pyproject.toml"})
    compilers = [name for name in ("cc", "gcc", "make", "git") if (image.files / "usr/bin" / name).exists()]
    expect("compilers", compilers, [])
    say(f"user 1000, nothing writable but {DISK}, no build tools")


def check_size(image: Image) -> None:
    """How much room it takes over its base."""
    whole, base = _megabytes(image.files), _megabytes(image.base)
    if whole - base > _MOST_MEGABYTES:
        raise ImageError(f"{whole - base} MB over the base of {base} MB, at most {_MOST_MEGABYTES} wanted")
    say(f"{whole - base} MB over the base of {base} MB; /venv {_megabytes(image.files / 'venv')} MB")


def _megabytes(path: Path) -> int:
    out = subprocess.run(["du", "-xsm", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(out.split()[0])


def check_life(image: Image) -> None:
    """Start, work, stop, and start again with the same disk."""
    serve, health = image.serve(), image.config["Healthcheck"]["Test"][1:]
    with folder() as disk:
        mounts = {DISK: disk}
        expect("health check with nothing running", image.run(*health, mounts=mounts)[0], 1)
        with image.container(serve, mounts) as server:
            seconds = server.wait_until_ready()
            expect("health check", image.run(*health, mounts=mounts), (0, "", ""))
            expect("commit of /version", Client(PORT).ask("GET", "/version").document["commit"], COMMIT)
            token = register(PORT)
            task = Client(PORT, token).ask("POST", "/api/tasks", {"title": "Water the plants"})
            expect("new task", task.status, 201)
            say(f"answers on port {PORT}, {seconds:.2f} s after its start; registers, creates a task")
            say(f"SIGTERM ends it with exit code 0 after {server.stop():.2f} s")
        with image.container(serve, mounts) as server:
            seconds = server.wait_until_ready()
            again = Client(PORT, token).ask("GET", f"/api/tasks/{task.document['id']}")
            expect("the task after a restart", again.document, task.document)
            server.stop()
    say(f"a restart with the same disk, {seconds:.2f} s, keeps the task; the token from before is still good")


def check_commands(image: Image) -> None:
    """The commands that an operator runs beside the server."""
    with folder() as disk:
        for command in ("alembic upgrade head", "alembic check", "todo migrate", "todo check"):
            code, _, err = image.run(*command.split(), mounts={DISK: disk})
            expect(f"exit code of {command} ({err})", code, 0)
    say("alembic and todo work from the working folder")
