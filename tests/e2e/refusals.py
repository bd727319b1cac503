"""How a command says that it cannot do what it was asked to."""

import subprocess
from typing import Final

from sqlalchemy import make_url

from app.database.urls import Backend
from tests.support.databases import server_url

CANARY: Final = "S3cr3t-canary-of-more-than-thirty-two-bytes"
"""A secret that must not come out anywhere."""


def output(run: subprocess.CompletedProcess[str]) -> str:
    """What a command that did its work has printed."""
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    assert CANARY not in run.stdout
    return run.stdout


def refusal(run: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error with which a command gave up."""
    assert run.returncode == 1, run.stdout + run.stderr
    assert CANARY not in run.stdout + run.stderr
    lines = run.stderr.splitlines()
    assert len(lines) == 1, run.stderr
    assert lines[0].startswith("error: ")
    return lines[0].removeprefix("error: ")


def on_server(backend: Backend, **changed: object) -> str:
    """The URL of the database server under test, with other parts."""
    url = server_url(backend)
    assert url is not None
    return make_url(url).set(**changed).render_as_string(hide_password=False)  # type: ignore[arg-type]
