"""Types generated from our document, by a common generator with its default options, make a strict client."""

import json
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from tests.support.node import installed, tool
from tests.support.servers import RunningServer, environment, todo

SOURCES: Final = Path(__file__).with_name("client")
RUN: Final = """
const [folder, base, email] = process.argv.slice(1);
const { journey } = await import(`${folder}/out/journey.js`);
console.log(JSON.stringify(await journey(base, email)));
"""

pytestmark = pytest.mark.node


@pytest.fixture(scope="session")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the client with its tools and the generated types."""
    folder = installed(SOURCES, tmp_path_factory.mktemp("client"))
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


@pytest.mark.parametrize("folder", [SOURCES, SOURCES.with_name("page")], ids=lambda folder: folder.name)
def test_the_lock_names_no_address(folder: Path) -> None:
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    assert all("integrity" in package and "resolved" not in package for package in packages)
