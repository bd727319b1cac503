"""Types generated from our document, by a common generator with its default options, make a strict client."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from tests.support.servers import RunningServer, environment, todo

SOURCES: Final = Path(__file__).with_name("client")
FILES: Final = ("package.json", "package-lock.json", "tsconfig.json", "client.ts", "journey.ts")
RUN: Final = """
const [folder, base, email] = process.argv.slice(1);
const { journey } = await import(`${folder}/out/journey.js`);
console.log(JSON.stringify(await journey(base, email)));
"""

pytestmark = pytest.mark.node


def tool(folder: Path, *command: str) -> str:
    """The output of a command that has to succeed."""
    env = os.environ | {"PATH": f"{folder / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, f"{' '.join(command)}:\n{run.stdout}{run.stderr}"
    return run.stdout


@pytest.fixture(scope="session")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the client with its tools and the generated types."""
    folder = tmp_path_factory.mktemp("client")
    for name in FILES:
        shutil.copy(SOURCES / name, folder)
    tool(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    written = todo("openapi", "--output", "openapi.json", env=environment(""), folder=folder)
    assert written.returncode == 0, written.stderr
    tool(folder, "openapi-typescript", "openapi.json", "--output", "api.ts")
    return folder


def test_the_generated_types_hold_a_strict_client(typed: Path) -> None:
    tool(typed, "tsc", "--project", ".", "--strict", "--noEmit")


def test_the_compiled_client_works_on_a_real_server(typed: Path, server: RunningServer) -> None:
    tool(typed, "tsc", "--project", ".")
    email = f"{uuid4().hex}@example.com"
    script = ("node", "--input-type=module", "--eval", RUN)
    assert json.loads(tool(typed, *script, str(typed), server.url, email)) == [
        email,
        "bearer for 900 s",
        "Europe/Berlin",
        "Call Ada of 2",
        "Pay the rent",
        "precondition_failed",
        "completed: true",
        "null, then not_found",
    ]


def test_the_lock_names_no_address() -> None:
    lock = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    assert all("integrity" in package and "resolved" not in package for package in packages)
