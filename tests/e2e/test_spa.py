"""A page of another origin does its day's work, under a browser's rules for such pages."""

import json
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.support.servers import RunningServer

SCRIPT: Final = Path(__file__).with_name("spa.mjs")
STEPS: Final = [
    "preflight",
    "a foreign page is refused",
    "register",
    "login",
    "me",
    "create",
    "list, page by page",
    "nothing new",
    "change",
    "somebody was faster",
    "complete",
    "reopen",
    "toggle",
    "delete",
    "a mistake",
    "logout",
    "logged out",
]


@pytest.mark.node
def test_a_page_of_another_origin_can_do_everything(server: RunningServer) -> None:
    run = subprocess.run(["node", str(SCRIPT), server.url], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert [json.loads(line)["step"] for line in run.stdout.splitlines()] == STEPS
