"""The README tells the truth where a test can see it: settings, layout and commands."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from typing import Final

import pytest

from app.cli import main
from tests.architecture.settings_table import shown, table
from tests.support.servers import ROOT

README: Final = (ROOT / "README.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next of the same rank."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def settings_rows(text: str) -> list[str]:
    return [line for line in section(text, "Settings").split("\n") if line.startswith("|")]


def layout(text: str) -> set[str]:
    """Every folder and file that the block below "Layout" names."""
    named, inside = set(), ""
    for line in section(text, "Layout").split("```")[1].splitlines():
        match = re.fullmatch(r"( *)([\w.-]+)/ +(.*)", line)
        if match is None:
            continue
        indent, name, rest = match.groups()
        inside = f"{inside.partition('/')[0]}/{name}" if indent else name
        named.add(inside)
        # What these hold is listed by name; elsewhere the rest of the line is prose.
        if inside in {"app", "scripts", "tests"}:
            named |= {f"{inside}/{word}" for word in re.split(r"[,\s]+", rest)}
    return named


def commands(text: str) -> list[list[str]]:
    """What follows every `uv run`, without the arguments that stand for something."""
    found = re.findall(r"uv run ([^`\n#&|]+)", text)
    return [shlex.split(command) for command in found]


def unknown(command: list[str]) -> str | None:
    """The program that a command starts, unless it is a script of ours or an installed command."""
    program = command[0]
    if program.startswith("scripts/"):
        return None if os.access(ROOT / program, os.X_OK) else program
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    known = {*ours, *(point.name for point in entry_points(group="console_scripts"))}
    return None if program in known else program


def test_the_table_of_settings_is_that_of_the_code() -> None:
    assert settings_rows(README) == table()


def test_the_table_of_settings_can_be_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.architecture.settings_table"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.stdout.splitlines() == table()


@pytest.mark.parametrize(
    ("default", "text"),
    [
        (None, "\u2013"),
        ((), "\u2013"),
        (2.0, "`2`"),
        (0.5, "`0.5`"),
        (1048576, "`1048576`"),
        (("a", "b"), "`a,b`"),
        ("info", "`info`"),
    ],
)
def test_a_default_is_shown_as_one_would_write_it(default: object, text: str) -> None:
    assert shown(default) == text


def test_a_wrong_row_is_seen() -> None:
    assert settings_rows(README.replace("| `PORT` | `8000` |", "| `PORT` | `8080` |")) != table()
    assert settings_rows(README.replace("| `PORT` |", "| `PORTS` |")) != table()


def test_the_layout_names_only_what_exists() -> None:
    assert {name for name in layout(README) if not (ROOT / name).exists()} == set()
    assert "app/ghosts" in layout(README.replace("  services/     ", "  ghosts/       "))
    assert "tests/ghosts" in layout(README.replace("architecture  e2e", "architecture  ghosts"))


@pytest.mark.parametrize("folder", ["app", "tests"])
def test_the_layout_names_every_folder(folder: str) -> None:
    there = {path.name for path in (ROOT / folder).iterdir() if path.is_dir()} - {"__pycache__", "support"}
    named = {name.partition("/")[2] for name in layout(README) if name.startswith(f"{folder}/")}
    assert there - named == set()


def test_the_layout_names_every_script() -> None:
    there = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file()}
    assert {f"scripts/{name}" for name in there} <= layout(README)


def test_every_command_that_the_readme_runs_exists() -> None:
    found = commands(README)
    assert len(found) >= 5
    assert [unknown(command) for command in found if unknown(command)] == []
    assert [unknown(command) for command in commands("`uv run ghost serve` and uv run scripts/ghost # x")] == [
        "ghost",
        "scripts/ghost",
    ]


def told_commands() -> list[list[str]]:
    """The commands in the table below "The command"."""
    rows = re.findall(r"(?m)^\| `todo ([^`]+)` \|", section(README, "The command"))
    return [row.split() for row in rows]


@pytest.mark.parametrize("told", told_commands(), ids=" ".join)
def test_every_subcommand_has_the_options_that_the_readme_tells(
    told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    names = [word for word in told if word.isalpha() and word.islower()]
    options = {word.strip("[]") for word in told if word.startswith("[-")}
    with pytest.raises(SystemExit) as caught:
        main([*names, "--help"])
    assert caught.value.code == 0
    assert options == set(re.findall(r"(?m)^ +(--[a-z-]+)", capsys.readouterr().out))


def test_every_subcommand_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    there = set(re.findall(r"(?m)^    ([a-z]+) ", capsys.readouterr().out))
    assert there == {told[0] for told in told_commands()}
