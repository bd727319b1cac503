"""What the environment makes of the image: where it keeps its data, and what it refuses to start with."""

import json
from typing import Any, Final

from image.client import Client
from image.container import DISK, PORT, REPLICA, Image, Mounts, folder
from image.report import expect, say

SECRET: Final = "image_test signs with this, for as long as it runs"  # noqa: S105 (nobody else's)


def check_situations(image: Image) -> None:
    """Without a replica: local on a disk that is mounted, ephemeral without, with a warning; and durable with one."""
    with folder() as disk, folder() as replica:
        for situation, mounts, settings in (
            ("local", {DISK: disk}, {}),
            ("ephemeral", {DISK: disk}, {"SPACE_ID": "someone/todo", "JWT_SECRET": SECRET}),
            ("durable", {DISK: disk, REPLICA: replica}, {"REPLICA_URL": REPLICA, "JWT_SECRET": SECRET}),
        ):
            _check_situation(image, situation, mounts, settings)
        # A Space's bucket counts without being named.
        settings = {"SPACE_ID": "someone/todo", "JWT_SECRET": SECRET, "REPLICA_DELAY": "0"}
        _check_situation(image, "durable", {DISK: disk, REPLICA: replica}, settings)
    with image.container(image.serve(), {}, mode="rw") as server:  # nothing mounted, nothing read-only
        server.wait_until_ready()
        server.stop()
    say("local, ephemeral (on a Space, with a warning) and durable are told apart; starts with nothing mounted")


def _check_situation(image: Image, situation: str, mounts: Mounts, settings: dict[str, str]) -> None:
    with image.container(image.serve(), mounts, settings) as server:
        server.wait_until_ready()
        ready = Client(PORT).ask("GET", "/readyz").document
        server.stop()
        log: list[dict[str, Any]] = [json.loads(line) for line in server.log().splitlines()]
    expect("the situation", (ready["situation"], ready["durable"]), (situation, situation != "ephemeral"))
    said = [line["message"].split(",")[0] for line in log if line["message"].startswith("situation: ")]
    expect("the situation in the log", said, [f"situation: {situation}"])
    warnings = [line["message"] for line in log if line["level"] == "warning"]
    expect(f"warnings in the log ({warnings})", len(warnings), int(situation == "ephemeral"))


def check_refusals(image: Image) -> None:
    """What cannot be written to, or is no replica: exit code 1 and one line that names it."""
    durable = {"JWT_SECRET": SECRET, "REPLICA_URL": REPLICA}
    server = {**durable, "DATABASE_URL": "postgresql://todo:hunter2@127.0.0.1:1/todo"}
    bucketless = {**durable, "REPLICA_URL": "postgresql://todo:hunter2@127.0.0.1/todo"}
    with folder() as disk, folder(owner=0) as foreign:
        cases: tuple[tuple[str, Mounts, dict[str, str]], ...] = (
            (DISK, {DISK: foreign}, {}),
            (DISK, {}, {}),
            (REPLICA, {DISK: disk, REPLICA: foreign}, durable),
            (REPLICA, {DISK: disk}, durable),
            ("REPLICA_URL", {DISK: disk}, server),
            ("REPLICA_URL", {DISK: disk}, bucketless),
            ("JWT_SECRET", {DISK: disk}, {"REPLICA_URL": REPLICA}),
        )
        for named, mounts, settings in cases:
            code, _, err = image.run(*image.serve(), mounts=mounts, settings=settings)
            lines = [line for line in err.splitlines() if not line.startswith("{")]
            expect(f"exit code with a wrong {named} ({err})", code, 1)
            expect(f"lines on standard error ({err})", len(lines), 1)
            expect(f"the line names {named}, no password ({err})", named in lines[0] and "hunter2" not in err, True)
            say(f"refused: {lines[0]}")
