"""What the image is made of, read without building it: scripts/image_test builds and runs it."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pytest
import yaml
from pydantic import SecretStr

from app.config.settings import Settings
from app.replication.guard import timing_of
from app.replication.place import SPACE_MOUNT, Place

ROOT: Final = Path(__file__).parents[2]
OWNER: Final = "--chown=1000:1000"
PORT: Final = 7860


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Instruction:
    """One instruction of the Dockerfile; `stage` is -1 before the first FROM."""

    stage: int
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    @property
    def list(self) -> list[str]:
        """The command in exec form: a JSON array, which no shell reads."""
        found = json.loads(self.text.removeprefix("CMD").strip())
        assert isinstance(found, list)
        return [str(word) for word in found]


def _instructions() -> Iterator[Instruction]:
    lines = [line for line in _read("Dockerfile").splitlines() if not line.startswith("#")]
    stage = -1
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, text = line.strip().partition(" ")
        stage += name == "FROM"
        if name:
            yield Instruction(stage, name, text.strip())


ALL: Final = list(_instructions())
LAST: Final = [instruction for instruction in ALL if instruction.stage == max(i.stage for i in ALL)]


def _of(name: str, instructions: list[Instruction] = LAST) -> list[Instruction]:
    return [instruction for instruction in instructions if instruction.name == name]


def _only(name: str) -> Instruction:
    (found,) = _of(name)
    return found


def _variables() -> dict[str, str]:
    return dict(word.split("=", 1) for instruction in _of("ENV") for word in instruction.words)


def _commands(instructions: list[Instruction] = ALL) -> list[str]:
    return [part.strip() for run in _of("RUN", instructions) for part in run.text.split("&&")]


def _sources(copy: Instruction) -> list[str]:
    return [word for word in copy.words[:-1] if not word.startswith("--")]


def test_every_stage_starts_from_the_same_base() -> None:
    assert [base.words[0] for base in _of("FROM", ALL)] == ["${BASE}", "${BASE}"]
    assert ALL[0] == Instruction(-1, "ARG", "BASE=docker.io/library/python:3.11-slim")


def test_the_container_runs_as_user_1000_who_has_a_home() -> None:
    assert _only("USER").text == "1000"
    (useradd,) = [command for command in _commands(LAST) if command.startswith("useradd")]
    assert {"--create-home", "--uid", "1000"} <= set(shlex.split(useradd))


def test_nothing_is_run_or_copied_once_the_user_is_set() -> None:
    after = LAST[LAST.index(_only("USER")) :]
    assert {instruction.name for instruction in after}.isdisjoint({"ADD", "COPY", "RUN", "WORKDIR"})


def test_files_are_given_to_the_user_as_they_are_copied() -> None:
    assert all(OWNER in copy.words for copy in _of("COPY"))
    assert not re.search(r"\b(chown|chmod)\b.*\s(-\w*R\w*|--recursive)\b", _read("Dockerfile"))


def _database_folder() -> str:
    return str(PurePosixPath(_variables()["DATABASE_URL"].removeprefix("sqlite:///")).parent)


def test_the_folder_of_the_database_is_made_for_the_user() -> None:
    # And that of a replica, which a volume mounted there takes its owner from.
    (install,) = [command for command in _commands(LAST) if command.startswith("install --directory")]
    words = set(shlex.split(install))
    assert {"--owner=1000", "--group=1000", "--mode=0700", _database_folder(), str(SPACE_MOUNT)} <= words
    assert _variables()["TMPDIR"] == _database_folder()


def test_the_live_database_is_not_where_the_replica_is() -> None:
    assert not PurePosixPath(_database_folder()).is_relative_to(SPACE_MOUNT)


def test_where_the_data_is_kept_is_for_the_environment_to_say() -> None:
    assert _variables().keys().isdisjoint({"REPLICA_URL", "SPACE_ID", "JWT_SECRET", "DURABLE_WRITES"})


def test_a_start_that_waits_for_an_older_one_is_not_taken_for_ill() -> None:
    (period,) = re.findall(r"--start-period=(\d+)s", _only("HEALTHCHECK").text)
    on_a_space = Settings(space_id="someone/todo", jwt_secret=SecretStr("x" * 32), replica_delay=None, replica_elder=10)
    timing = timing_of(on_a_space, Place("folder", str(SPACE_MOUNT)))
    assert int(period) >= timing.delay + timing.silence + 30  # and then the history is fetched


def test_no_volume_is_declared_since_some_platforms_refuse_to_build_one() -> None:
    assert not _of("VOLUME", ALL)


def test_commands_are_in_exec_form_so_that_signals_arrive() -> None:
    assert _only("CMD").list[:2] == ["todo", "serve"]
    assert not _of("ENTRYPOINT")
    check = _only("HEALTHCHECK").text
    assert json.loads(check[check.index("[") :])[0] == "python"


def test_no_command_waits_for_a_shell_to_fill_in_a_variable() -> None:
    assert "$" not in _only("CMD").text + _only("HEALTHCHECK").text


def test_one_port_is_exposed_served_and_checked() -> None:
    served = _only("CMD").list
    assert served[2:] == ["--host", "0.0.0.0", "--port", str(PORT)]  # noqa: S104 (a container's own)
    assert _only("EXPOSE").text == str(PORT)
    assert f"http://127.0.0.1:{PORT}/readyz" in _only("HEALTHCHECK").text


def test_packages_are_installed_as_wheels_and_by_hash_only() -> None:
    installs = [command for command in _commands() if re.search(r"\bpip\b.*\binstall\b", command)]
    assert installs
    for command in installs:
        words = shlex.split(command)
        assert "--require-hashes" in words
        assert words[words.index("--only-binary") + 1] == ":all:"
        assert words[words.index("--requirement") + 1] == "requirements.txt"


def test_nothing_is_fetched_but_packages() -> None:
    assert not _of("ADD", ALL)
    assert not re.search(r"\b(curl|wget|git|apt-get|apt|npm)\b", "\n".join(_commands()))
    assert set(re.findall(r"https?://([^:/'\s]+)", _read("Dockerfile"))) <= {"127.0.0.1"}


def test_the_last_stage_gets_code_migrations_and_their_configuration() -> None:
    taken = {PurePosixPath(source).name for copy in _of("COPY") for source in _sources(copy)}
    assert {"venv", "app", "migrations", "pyproject.toml"} <= taken


def test_nothing_is_installed_in_the_last_stage() -> None:
    assert not [command for command in _commands(LAST) if re.search(r"\b(pip|install (?!--directory))", command)]


def test_bytecode_is_made_once_while_building() -> None:
    assert _variables()["PYTHONDONTWRITEBYTECODE"] == "1"
    compiled = [command for command in _commands() if "compileall" in command]
    assert [shlex.split(command)[-1] for command in compiled[:2]] == ["/venv", "migrations"]
    assert all("--invalidation-mode unchecked-hash" in command for command in compiled)


def test_the_command_is_the_one_that_the_project_declares() -> None:
    module, function = tomllib.loads(_read("pyproject.toml"))["project"]["scripts"]["todo"].split(":")
    (script,) = [command for command in _commands() if command.endswith(">/venv/bin/todo")]
    lines = shlex.split(script.split(">/venv")[0])[2:]
    assert lines == ["#!/venv/bin/python", "import sys", f"from {module} import {function}", f"sys.exit({function}())"]


def test_the_commit_is_a_build_argument_that_version_reports() -> None:
    assert _variables()["COMMIT_SHA"] == "${COMMIT_SHA}"
    assert _only("ARG").text == "COMMIT_SHA=unknown"


def test_the_description_is_that_of_the_project() -> None:
    project: dict[str, Any] = tomllib.loads(_read("pyproject.toml"))["project"]
    labels = dict(word.split("=", 1) for label in _of("LABEL") for word in label.words)
    prefix = "org.opencontainers.image."
    assert labels[prefix + "description"] == project["description"]
    assert labels[prefix + "title"] == project["name"]
    assert labels[prefix + "licenses"] == project["license"]


def _is_ignored(path: str) -> bool:
    """Docker's rule: of the patterns that match the path or a folder above it, the last decides."""
    ignored = False
    parents = [str(parent) for parent in PurePosixPath(path).parents if parent.name]
    for line in _read(".dockerignore").splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#"):
            bare = pattern.removeprefix("!").removeprefix("**/")
            names = [path, *parents, *(PurePosixPath(path).parts if "**/" in pattern else ())]
            if any(fnmatchcase(name, bare) for name in names):
                ignored = not pattern.startswith("!")
    return ignored


@pytest.mark.parametrize(
    "path",
    [
        *(".git/config", ".env", ".env.production", "data/todo.db", "data/todo.db.jwt-secret", "todo.db"),
        *("tests/conftest.py", ".venv/bin/python", "uv.lock", "app/.env", "app/__pycache__/main.cpython-311.pyc"),
    ],
)
def test_a_build_never_sees(path: str) -> None:
    assert _is_ignored(path)


def test_a_build_sees_what_it_copies_and_no_more() -> None:
    copied = {
        source
        for copy in _of("COPY", ALL)
        if not any(word.startswith("--from=") for word in copy.words)
        for source in _sources(copy)
    }
    lines = _read(".dockerignore").splitlines()
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert not [path for path in copied if _is_ignored(path)]


def _requirements() -> list[str]:
    return _read("requirements.txt").replace("\\\n", " ").splitlines()


def test_every_requirement_is_one_version_with_hashes() -> None:
    assert _requirements()
    pattern = re.compile(r"[a-z0-9-]+==[\w.]+( ; [^\\#@]+?)?(\s+--hash=sha256:[0-9a-f]{64})+")
    assert [line for line in _requirements() if not pattern.fullmatch(line)] == []


def test_the_requirements_name_no_host() -> None:
    assert not re.search(r"://|--index|--extra-index|--find-links|--trusted-host", _read("requirements.txt"))


def test_every_dependency_of_the_project_is_required_and_what_a_replica_needs() -> None:
    project = tomllib.loads(_read("pyproject.toml"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["replica"]]
    wanted = {re.split(r"[\[<>=!~ ;]", line)[0].lower().replace("_", "-") for line in declared}
    assert wanted <= {line.split("==")[0] for line in _requirements()}


@pytest.mark.parametrize("service", ["postgresql", "mariadb"])
def test_a_database_for_development_is_open_to_this_machine_alone(service: str) -> None:
    settings = yaml.safe_load(_read("docker-compose.yml"))["services"][service]
    assert all(port.startswith("127.0.0.1:") for port in settings["ports"])
    assert settings["healthcheck"]["test"][0] == "CMD"
    assert settings["volumes"]
