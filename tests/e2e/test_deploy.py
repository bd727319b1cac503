"""scripts/deploy_space.py as a process of its own, against a stand-in for the Hub."""

# Nothing here depends on the database.

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.refusals import refusal
from tests.support.hub import TOKEN, Hub, Space, standing_in
from tests.support.servers import ROOT

SPACE: Final = "ada/todo"
BUCKET: Final = "ada/todo-data"
VARIABLES: Final = {"ENVIRONMENT": "production", "REPLICA_URL": "/data", "TRUSTED_PROXIES": "10.0.0.0/8"}
OURS: Final = {"type": "bucket", "source": BUCKET, "mountPath": "/data"}
FOREIGN: Final = {"type": "model", "source": "ada/words", "mountPath": "/models", "revision": "main", "readOnly": True}
FILES: Final = ("Dockerfile", ".dockerignore", ".gitignore", "LICENSE", "README.md", "pyproject.toml")
AUTHOR: Final = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with standing_in() as hub:
        yield hub


@dataclass
class Checkout:
    """A clone of the project with a commit of its own; `env` is what the script sees."""

    root: Path
    env: dict[str, str]

    def git(self, *arguments: str) -> str:
        command = ["git", *AUTHOR, *arguments]
        return subprocess.run(command, cwd=self.root, env=self.env, capture_output=True, text=True, check=True).stdout

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=Work")
        return self.git("rev-parse", "HEAD").strip()

    def run(self, *options: str, space: str = SPACE) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "scripts/deploy_space.py", space, "--poll=0.01", "--timeout=30", *options]
        return subprocess.run(
            command, cwd=self.root, env=self.env, capture_output=True, text=True, timeout=60, check=False
        )

    def deploy(self, *options: str) -> str:
        """A deployment that succeeds; what it prints has no secret."""
        done = self.run(*options)
        assert done.returncode == 0, done.stderr
        assert TOKEN not in done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def checkout(hub: Hub, tmp_path: Path) -> Checkout:
    root = tmp_path / "checkout"
    for folder in ("app", "migrations"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*FILES, "requirements.txt"):
        shutil.copyfile(ROOT / name, root / name)
    for folder in ("scripts", "tests", "data", "app/__pycache__"):
        (root / folder).mkdir()
    shutil.copyfile(ROOT / "scripts/deploy_space.py", root / "scripts/deploy_space.py")
    for name in ("tests/test_all.py", "data/todo.db", ".env", "app/__pycache__/main.cpython-311.pyc"):
        (root / name).write_text("not for the Space\n", encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "HF_HOME": str(home), "HF_TOKEN": TOKEN}
    checkout = Checkout(root, {**env, "HF_ENDPOINT": hub.url, "GIT_CONFIG_NOSYSTEM": "1"})
    checkout.git("init", "--quiet")
    checkout.commit()
    return checkout


def head(checkout: Checkout) -> str:
    return checkout.git("rev-parse", "HEAD").strip()


def test_a_first_deployment_makes_everything(hub: Hub, checkout: Checkout) -> None:
    said = checkout.deploy()
    space = hub.spaces[SPACE]
    assert said.splitlines()[-1] == hub.url
    assert hub.told[-1] == space.running == head(checkout)
    assert (space.sdk, space.volumes, space.variables) == ("docker", [OURS], VARIABLES)
    assert len(space.secrets["JWT_SECRET"]) >= 64
    assert space.secrets["JWT_SECRET"] not in said
    assert hub.buckets == {BUCKET: True}


def test_nothing_is_built_before_all_is_set(hub: Hub, checkout: Checkout) -> None:
    checkout.deploy("--cors-origins=https://todo.example", "--hardware=cpu-upgrade")
    space = hub.spaces[SPACE]
    assert space.built_with == ({"JWT_SECRET"}, {*VARIABLES, "CORS_ORIGINS"}, {"/data"})
    assert (space.variables["CORS_ORIGINS"], space.hardware) == ("https://todo.example", "cpu-upgrade")
    assert (len(space.commits), hub.restarts) == (1, [])


def test_what_is_uploaded_is_what_the_image_is_built_from(hub: Hub, checkout: Checkout) -> None:
    checkout.deploy()
    files = hub.spaces[SPACE].files
    code = {str(path.relative_to(ROOT)) for name in ("app", "migrations") for path in (ROOT / name).rglob("*")}
    code = {path for path in code if (ROOT / path).is_file() and "__pycache__" not in path}
    single = {"Dockerfile", ".dockerignore", "LICENSE", "README.md", "pyproject.toml", "requirements.txt"}
    assert set(files) == {".gitattributes"} | single | code
    same = [path for path in (single | code) - {"Dockerfile"} if files[path] != (checkout.root / path).read_bytes()]
    assert same == []
    theirs, ours = (text.decode().splitlines() for text in (files["Dockerfile"], (ROOT / "Dockerfile").read_bytes()))
    assert [pair for pair in zip(theirs, ours, strict=True) if pair[0] != pair[1]] == [
        (f"ARG COMMIT_SHA={head(checkout)}", "ARG COMMIT_SHA=unknown")
    ]


def test_deploying_again_changes_nothing(hub: Hub, checkout: Checkout) -> None:
    checkout.deploy()
    secrets, changes = dict(hub.spaces[SPACE].secrets), len(hub.changes)
    checkout.deploy()
    assert (hub.changes[changes:], hub.restarts) == ([], [])
    assert hub.spaces[SPACE].secrets == secrets


def test_a_new_commit_is_an_upload_and_nothing_else(hub: Hub, checkout: Checkout) -> None:
    checkout.deploy()
    (checkout.root / "app" / "main.py").unlink()
    (checkout.root / "app" / "new.py").touch()
    checkout.commit()
    changes = len(hub.changes)
    checkout.deploy()
    assert [call for call, _ in hub.changes[changes:]] == [f"POST /api/spaces/{SPACE}/commit/main"]
    assert hub.restarts == []
    files = hub.spaces[SPACE].files
    assert "app/new.py" in files
    assert "app/main.py" not in files
    assert ".gitattributes" in files


def test_what_others_have_set_stays(hub: Hub, checkout: Checkout) -> None:
    hub.spaces[SPACE] = Space(
        volumes=[FOREIGN], secrets={"JWT_SECRET": "of old", "KEY": "k"}, variables={**VARIABLES, "LOG_LEVEL": "debug"}
    )
    hub.buckets[BUCKET] = True
    checkout.deploy()
    space = hub.spaces[SPACE]
    assert space.volumes == [FOREIGN, OURS]
    assert space.secrets == {"JWT_SECRET": "of old", "KEY": "k"}
    assert space.variables == {**VARIABLES, "LOG_LEVEL": "debug"}
    assert {call for call, _ in hub.changes} == {
        f"PUT /api/spaces/{SPACE}/volumes",
        f"POST /api/spaces/{SPACE}/commit/main",
    }


def test_running_with_the_old_commit_is_not_taken_for_done(hub: Hub, checkout: Checkout) -> None:
    checkout.deploy()
    old = head(checkout)
    (checkout.root / "app" / "new.py").touch()
    new = checkout.commit()
    hub.builds = ("RUNNING", "RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING", "RUNNING")
    hub.told.clear()
    checkout.deploy()
    assert hub.told == [old, old, old, old, new]


def test_a_failure_of_before_is_not_taken_for_the_new_build_s(hub: Hub, checkout: Checkout) -> None:
    hub.builds = ("BUILDING", "BUILD_ERROR")
    assert checkout.run().returncode == 1
    (checkout.root / "app" / "new.py").touch()
    checkout.commit()
    hub.builds = ("BUILD_ERROR", "BUILDING", "RUNNING")
    checkout.deploy()
    assert hub.told == [head(checkout)]


def test_a_failure_of_before_may_be_cured_by_a_setting(hub: Hub, checkout: Checkout) -> None:
    hub.builds = ("BUILDING", "RUNTIME_ERROR")
    assert checkout.run().returncode == 1
    hub.builds = ("RUNTIME_ERROR", "APP_STARTING", "RUNNING")
    checkout.deploy("--cors-origins=https://todo.example")
    assert hub.restarts == ["variables CORS_ORIGINS"]


def test_a_failure_that_nothing_has_been_done_about_is_told_at_once(hub: Hub, checkout: Checkout) -> None:
    hub.builds = ("BUILDING", "RUNTIME_ERROR")
    assert checkout.run().returncode == 1
    assert "the Space is at RUNTIME_ERROR" in checkout.run("--timeout=3600").stderr


def test_a_dry_run_shows_every_change_and_makes_none(hub: Hub, checkout: Checkout) -> None:
    said = checkout.deploy("--dry-run")
    assert (hub.changes, hub.spaces, hub.buckets) == ([], {}, {})
    assert re.findall(r"(?m)^(\w+)\(", said) == [
        *("create_repo", "create_bucket", "set_space_volumes", "add_space_secret"),
        *("add_space_variable",) * len(VARIABLES),
        "upload_folder",
    ]
    assert f"create_bucket(bucket_id='{BUCKET}', private=True)" in said
    assert f"add_space_secret(repo_id='{SPACE}', key='JWT_SECRET', value=<hidden>)" in said
    assert "\n  app/main.py\n" in said
    assert head(checkout) in said


def test_a_dry_run_on_a_space_that_is_there_shows_what_differs(hub: Hub, checkout: Checkout) -> None:
    checkout.deploy()
    changes = len(hub.changes)
    said = checkout.deploy("--dry-run", "--cors-origins=https://todo.example")
    assert re.findall(r"(?m)^(\w+)\(", said) == ["add_space_variable", "upload_folder"]
    assert hub.changes[changes:] == []


def test_a_dry_run_needs_neither_a_token_nor_the_hub(checkout: Checkout) -> None:
    del checkout.env["HF_TOKEN"]
    checkout.env["HF_ENDPOINT"] = "http://127.0.0.1:9"  # discard: nobody listens
    said = checkout.deploy("--dry-run")
    assert said.startswith("# no token")
    assert "create_repo(" in said


def refused(checkout: Checkout, *options: str) -> str:
    run = checkout.run(*options)
    assert TOKEN not in run.stdout + run.stderr
    return refusal(run)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not accept the token"),
        (402, "a Docker Space on free hardware needs a paid plan"),
        (403, "it needs to write"),
        (500, "the Hub answers 500 to POST /api/repos/create: not like this"),
    ],
)
def test_a_refusal_of_the_hub_is_one_line_and_leaves_nothing(
    hub: Hub, checkout: Checkout, status: int, words: str
) -> None:
    hub.refusals["POST /api/repos/create"] = status
    assert words in refused(checkout)
    assert (hub.spaces, hub.buckets) == ({}, {})


def test_a_missing_token_is_one_line(hub: Hub, checkout: Checkout) -> None:
    del checkout.env["HF_TOKEN"]
    assert refused(checkout).startswith("no token: set HF_TOKEN")
    assert hub.changes == []


def test_a_wrong_token_is_one_line(hub: Hub, checkout: Checkout) -> None:
    checkout.env["HF_TOKEN"] = f"{TOKEN}x"
    assert refused(checkout).startswith("the Hub does not accept the token")


def test_a_hub_that_cannot_be_reached_is_one_line(checkout: Checkout) -> None:
    checkout.env["HF_ENDPOINT"] = "http://127.0.0.1:9"
    assert refused(checkout).startswith("the Hub cannot be reached: ")


def test_a_name_that_a_model_has_is_refused(hub: Hub, checkout: Checkout) -> None:
    hub.others.add(SPACE)
    assert refused(checkout) == f"the name {SPACE} is taken by another kind of repository: choose another one"
    assert hub.buckets == {}


def test_a_space_of_another_kind_is_left_alone(hub: Hub, checkout: Checkout) -> None:
    hub.spaces[SPACE] = Space("gradio")
    assert "is a Space of the kind gradio, not docker" in refused(checkout)
    assert hub.changes == []


def test_a_public_bucket_is_refused(hub: Hub, checkout: Checkout) -> None:
    hub.buckets[BUCKET] = False
    assert f"the bucket {BUCKET} is public" in refused(checkout)
    assert hub.changes == []


def test_another_bucket_in_its_place_is_not_replaced(hub: Hub, checkout: Checkout) -> None:
    checkout.deploy("--bucket=ada/elsewhere")
    changes = len(hub.changes)
    assert refused(checkout).startswith("/data is mounted from ada/elsewhere")
    assert hub.changes[changes:] == []


@pytest.mark.parametrize(("stage", "kind"), [("BUILD_ERROR", "build"), ("RUNTIME_ERROR", "run")])
def test_a_failure_shows_the_end_of_the_log(hub: Hub, checkout: Checkout, stage: str, kind: str) -> None:
    hub.builds = ("BUILDING", stage)
    hub.logs[kind] = [f"line {number}" for number in range(100)]
    run = checkout.run()
    assert run.returncode == 1
    *log, last = run.stderr.splitlines()
    assert log == hub.logs[kind][-40:]
    assert last == f"error: the Space is at {stage}: {hub.url}/spaces/{SPACE}"


def test_a_failure_is_told_even_without_a_log(hub: Hub, checkout: Checkout) -> None:
    hub.builds = ("BUILDING", "BUILD_ERROR")
    hub.refusals[f"GET /api/spaces/{SPACE}/logs/build"] = 404
    log, last = checkout.run().stderr.splitlines()
    assert log.startswith("no log: ")
    assert last.startswith("error: the Space is at BUILD_ERROR")


def test_a_paused_space_is_one_line(hub: Hub, checkout: Checkout) -> None:
    hub.builds = ("PAUSED",)
    assert refused(checkout).startswith("the Space is PAUSED: restart it")


def test_a_version_that_does_not_come_is_one_line(hub: Hub, checkout: Checkout) -> None:
    checkout.deploy()
    old = head(checkout)
    (checkout.root / "app" / "new.py").touch()
    checkout.commit()
    hub.builds = ("RUNNING_BUILDING",)
    assert refused(checkout, "--timeout=0.1") == (
        f"after 0.1 s the Space is at RUNNING_BUILDING, and its /version says {old}"
    )


def test_front_matter_that_the_hub_refuses_is_one_line(checkout: Checkout) -> None:
    readme = checkout.root / "README.md"
    readme.write_text(
        readme.read_text(encoding="utf-8").replace("short_description: ", f"short_description: {'x' * 60}")
    )
    checkout.commit()
    assert refused(checkout) == 'Invalid metadata in README.md. - "short_description" is too long'


def test_a_tree_that_differs_from_its_commit_is_refused_unless_one_asks_for_it(hub: Hub, checkout: Checkout) -> None:
    (checkout.root / "app" / "main.py").write_text("changed = True\n", encoding="utf-8")
    assert "differs from its commit" in refused(checkout)
    assert hub.changes == []
    checkout.deploy("--allow-dirty")
    assert hub.told[-1] == f"{head(checkout)}-dirty"
    assert hub.spaces[SPACE].files["app/main.py"] == b"changed = True\n"


def test_a_folder_without_history_is_one_line(checkout: Checkout) -> None:
    shutil.rmtree(checkout.root / ".git")
    assert refused(checkout).startswith("git rev-parse: ")


@pytest.mark.parametrize(
    ("space", "options"),
    [("todo", ()), ("a/b/c", ()), (SPACE, ("--hardware=abacus",)), (SPACE, ("--bucket=data",)), (SPACE, ("--fast",))],
)
def test_wrong_usage_is_exit_code_2(hub: Hub, checkout: Checkout, space: str, options: tuple[str, ...]) -> None:
    run = checkout.run(*options, space=space)
    assert (run.returncode, run.stdout, hub.changes) == (2, "", [])
    assert run.stderr.startswith("usage: scripts/deploy_space.py ")
