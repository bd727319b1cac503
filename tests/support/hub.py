"""A stand-in for the Hub: as much of Hugging Face's HTTP API as a deployment uses, on loopback, with a state.

It answers what its client library (huggingface_hub) reads, and takes a Space's life from a script of stages. It also
is the Space: /version names the commit that the Dockerfile of the build which is running carries.
"""

import base64
import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

TOKEN: Final = "hf_S3cr3tTokenOfTheStandIn"


class Refusal(Exception):  # noqa: N818 (it is an answer)
    """An answer that is an error; `code` goes into the header X-Error-Code."""

    def __init__(self, status: int, message: str = "", code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass
class Space:
    """One Space. `stages` is what its runtime says, look by look; the build runs once the last is RUNNING."""

    sdk: str = "docker"
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b"", "README.md": b"---\n---\n"})
    commits: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    volumes: list[dict[str, Any]] = field(default_factory=list)
    hardware: str | None = None
    stages: deque[str] = field(default_factory=lambda: deque(["NO_APP_FILE"]))
    built: str | None = None
    running: str | None = None
    built_with: tuple[set[str], set[str], set[str]] = field(default_factory=lambda: (set(), set(), set()))
    """The names of the secrets, of the variables, and the mount paths at the last build."""

    @property
    def sha(self) -> str:
        """The commit that its repository is at."""
        return self.commits[-1] if self.commits else "0" * 40


@dataclass
class Hub:
    """Set `builds`, `refusals` and `logs` to what shall happen; the rest is what has happened."""

    url: str = ""
    builds: tuple[str, ...] = ("BUILDING", "APP_STARTING", "RUNNING")
    refusals: dict[str, int] = field(default_factory=dict)
    """Status by method and path, as in `{"POST /api/repos/create": 402}`."""
    logs: dict[str, list[str]] = field(default_factory=lambda: {"build": ["built"], "run": ["run"]})
    spaces: dict[str, Space] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    """Names of models."""
    buckets: dict[str, bool] = field(default_factory=dict)
    """Whether private, by name."""
    changes: list[tuple[str, Any]] = field(default_factory=list)
    """Every call that changes something: method and path, and what was sent."""
    restarts: list[str] = field(default_factory=list)
    """Every call that restarted a Space which has been built."""
    told: list[str] = field(default_factory=list)
    """What /version has answered."""

    def space(self, name: str) -> Space:
        if name not in self.spaces:
            raise Refusal(404, "Repository not found", "RepoNotFound")
        return self.spaces[name]

    def create_repo(self, body: dict[str, Any]) -> Any:
        name = f"{body['organization']}/{body['name']}"
        if name in self.spaces or name in self.others:
            raise Refusal(409, "You already created this repo")
        self.spaces[name] = Space(body["sdk"], hardware=body.get("hardware"))
        return {"url": f"{self.url}/spaces/{name}"}

    def create_bucket(self, name: str, body: dict[str, Any]) -> Any:
        if name in self.buckets:
            raise Refusal(409, "You already created this bucket")
        self.buckets[name] = body.get("visibility") == "private"
        return {"url": f"{self.url}/buckets/{name}"}

    def bucket(self, name: str) -> Any:
        if name not in self.buckets:
            raise Refusal(404, "Bucket not found", "RepoNotFound")
        counts = {"size": 0, "totalFiles": 0, "createdAt": "2026-08-01T00:00:00.000Z"}
        return {"id": name, "private": self.buckets[name], **counts}

    def info(self, name: str) -> Any:
        space = self.space(name)
        return {"id": name, "sdk": space.sdk, "sha": space.sha, "host": self.url, "private": False}

    def runtime(self, name: str) -> Any:
        space = self.space(name)
        stage = space.stages.popleft() if len(space.stages) > 1 else space.stages[0]
        if stage == "RUNNING" and len(space.stages) == 1:
            space.running = space.built
        hardware = {"current": space.hardware, "requested": space.hardware}
        return {"stage": stage, "hardware": hardware, "gcTimeout": 172800, "volumes": space.volumes}

    def set(self, name: str, what: str, body: dict[str, Any]) -> Any:
        """One secret, one variable, all volumes or the hardware."""
        space = self.space(name)
        match what:
            case "secrets":
                space.secrets[body["key"]] = body["value"]
            case "variables":
                space.variables[body["key"]] = body["value"]
            case "volumes":
                space.volumes = body["volumes"]
            case _:
                space.hardware = body["flavor"]
        if space.commits:
            self.restarts.append(f"{what} {body.get('key', '')}".strip())
            space.stages = deque(self.builds)
        return self.runtime(name) if what == "hardware" else self.variables(name)

    def variables(self, name: str) -> Any:
        return {key: {"key": key, "value": value} for key, value in self.space(name).variables.items()}

    def secrets(self, name: str) -> Any:
        """The names: a secret is not read back."""
        return {key: {"key": key} for key in self.space(name).secrets}

    def log(self, name: str, kind: str) -> str:
        """Server-sent events, one a line."""
        self.space(name)
        events = [{"data": f"{line}\n", "timestamp": "2026-08-01T00:00:00.000Z"} for line in self.logs[kind]]
        return "".join(f"data: {json.dumps(event)}\n\n" for event in events)

    def tree(self, name: str) -> Any:
        files = self.space(name).files.items()
        return [{"type": "file", "path": path, "size": len(data), "oid": blob(data)} for path, data in files]

    def preupload(self, name: str, body: dict[str, Any]) -> Any:
        """All files are small and go inline."""
        there = {path: blob(data) for path, data in self.space(name).files.items()}
        paths = [file["path"] for file in body["files"]]
        plain = {"uploadMode": "regular", "shouldIgnore": False}
        return {"files": [{"path": path, "oid": there.get(path), **plain} for path in paths]}

    def commit(self, name: str, lines: list[dict[str, Any]]) -> Any:
        """A new commit of the repository, whose build begins."""
        space = self.space(name)
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                space.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                del space.files[value["path"]]
        space.commits.append(hashlib.sha1(json.dumps(lines).encode(), usedforsecurity=False).hexdigest())
        found = re.search(rb"(?m)^ARG COMMIT_SHA=(\S+)$", space.files["Dockerfile"])
        space.built = found[1].decode() if found else None
        space.stages = deque(self.builds)
        space.built_with = (set(space.secrets), set(space.variables), {v["mountPath"] for v in space.volumes})
        return {"commitUrl": f"{self.url}/spaces/{name}/commit/{space.sha}", "commitOid": space.sha}

    def validate(self, body: dict[str, Any]) -> Any:
        """The one rule that has been seen to reject a push."""
        head = yaml.safe_load(body["content"].split("---\n")[1])
        errors = [{"message": '"short_description" is too long'}] if len(head["short_description"]) > 60 else []
        if errors:
            raise Refusal(400, json.dumps({"errors": errors}))
        return {"errors": errors, "warnings": []}

    def version(self) -> Any:
        """What the Space answers itself; a variable would be told to whatever build is running."""
        for space in self.spaces.values():
            if commit := space.variables.get("COMMIT_SHA", space.running):
                self.told.append(commit)
                return {"commit": commit}
        raise Refusal(404)


def blob(data: bytes) -> str:
    """The name that git gives to a file's contents."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


_NAME: Final = r"([\w.-]+/[\w.-]+)"
_ROUTES: Final[list[tuple[str, str, Callable[..., Any]]]] = [
    ("GET", r"/version", lambda hub, _: hub.version()),
    ("POST", r"/api/validate-yaml", lambda hub, body: hub.validate(body)),
    ("POST", r"/api/repos/create", lambda hub, body: hub.create_repo(body)),
    ("GET", rf"/api/buckets/{_NAME}", lambda hub, _, name: hub.bucket(name)),
    ("POST", rf"/api/buckets/{_NAME}", lambda hub, body, name: hub.create_bucket(name, body)),
    ("GET", rf"/api/spaces/{_NAME}(?:/revision/main)?", lambda hub, _, name: hub.info(name)),
    ("GET", rf"/api/spaces/{_NAME}/runtime", lambda hub, _, name: hub.runtime(name)),
    ("GET", rf"/api/spaces/{_NAME}/variables", lambda hub, _, name: hub.variables(name)),
    ("GET", rf"/api/spaces/{_NAME}/secrets", lambda hub, _, name: hub.secrets(name)),
    ("GET", rf"/api/spaces/{_NAME}/logs/(build|run)", lambda hub, _, *args: hub.log(*args)),
    ("GET", rf"/api/spaces/{_NAME}/tree/main", lambda hub, _, name: hub.tree(name)),
    ("POST", rf"/api/spaces/{_NAME}/preupload/main", lambda hub, body, name: hub.preupload(name, body)),
    ("POST", rf"/api/spaces/{_NAME}/commit/main", lambda hub, body, name: hub.commit(name, body)),
    ("POST", rf"/api/spaces/{_NAME}/(secrets|variables|hardware)", lambda hub, body, *args: hub.set(*args, body)),
    ("PUT", rf"/api/spaces/{_NAME}/(volumes)", lambda hub, body, *args: hub.set(*args, body)),
]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        pass

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            answer = self._called(path, self._decoded(data))
            is_stream = isinstance(answer, str)
            self._send(200, *((answer, "text/event-stream") if is_stream else (json.dumps(answer),)))
        except Refusal as refusal:
            self._send(refusal.status, str(refusal), code=refusal.code)

    def _decoded(self, data: bytes) -> Any:
        if self.headers.get("Content-Type") == "application/x-ndjson":
            return [json.loads(line) for line in data.splitlines()]
        return json.loads(data) if data else None

    def _called(self, path: str, body: Any) -> Any:
        call = f"{self.command} {path}"
        if path.startswith("/api/") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Invalid credentials in Authorization header")
        if status := self.hub.refusals.get(call):
            raise Refusal(status, "not like this")
        if self.command != "GET" and not re.search("/(validate-yaml|preupload)", path):
            self.hub.changes.append((call, body))
        for method, pattern, function in _ROUTES:
            if method == self.command and (match := re.fullmatch(pattern, path)):
                return function(self.hub, body, *match.groups())
        raise Refusal(404, f"the stand-in does not know {call}")

    def _send(self, status: int, text: str, kind: str = "application/json", code: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        if status >= 400:
            self.send_header("X-Error-Message", text)
            self.send_header("X-Error-Code", code)
        self.end_headers()
        self.wfile.write(text.encode())


@contextmanager
def standing_in() -> Iterator[Hub]:
    """A Hub of one's own, as long as the block lasts."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
