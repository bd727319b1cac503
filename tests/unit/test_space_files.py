"""What a Hugging Face Space reads, held to its rules: the README's head, the port, the script and the workflow."""

# Nothing here depends on the database.

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
SPACE_COLOURS: Final = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
LONGEST_DESCRIPTION: Final = 60  # characters; a longer one rejects the push
# Of https://huggingface.co/docs/hub/spaces-config-reference, what a Docker Space may have.
REQUIRED: Final = {"title", "emoji", "colorFrom", "colorTo", "sdk", "app_port", "short_description", "license"}
KNOWN: Final = REQUIRED | {
    *("suggested_hardware", "pinned", "startup_duration_timeout", "base_path", "fullWidth", "header", "models"),
    *("datasets", "tags", "thumbnail", "hf_oauth", "hf_oauth_scopes", "hf_oauth_expiration_minutes"),
    *("disable_embedding", "custom_headers"),
}


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


README: Final = _read("README.md")
DOCKERFILE: Final = _read("Dockerfile")


def front_matter(readme: str) -> dict[str, Any]:
    """What stands between the first two lines of dashes; empty if the file does not start with one."""
    found = re.match(r"---\n(.*?)\n---\n", readme, re.DOTALL)
    head = yaml.safe_load(found[1]) if found else {}
    assert isinstance(head, dict)
    return head


def ports(dockerfile: str) -> set[int]:
    """Every port that the Dockerfile exposes, serves and asks."""
    found = re.findall(r"^EXPOSE (\d+)$|\"--port\", \"(\d+)\"|http://127\.0\.0\.1:(\d+)/", dockerfile, re.MULTILINE)
    assert len(found) >= 3
    return {int(number) for groups in found for number in groups if number}


def faults(readme: str, dockerfile: str) -> Iterator[str]:
    """Everything for which a Space would refuse the push, or start and not be reached."""
    head = front_matter(readme)
    yield from (f"{key} is missing" for key in sorted(REQUIRED - head.keys()))
    yield from (f"{key} is not known" for key in sorted(head.keys() - KNOWN))
    if head.get("sdk") != "docker":
        yield "sdk is not docker"
    yield from (f"{key} is no colour" for key in ("colorFrom", "colorTo") if head.get(key) not in SPACE_COLOURS)
    if not 1 <= len(str(head.get("short_description", ""))) <= LONGEST_DESCRIPTION:
        yield "short_description is empty or too long"
    if ports(dockerfile) != {head.get("app_port")}:
        yield "app_port is not the Dockerfile's"
    if not re.fullmatch(r"[^\w\s]+", str(head.get("emoji", "")), re.ASCII) or str(head.get("emoji", "")).isascii():
        yield "emoji is none"
    if not re.fullmatch(r"\d+[mh]", str(head.get("startup_duration_timeout", "30m"))):
        yield "startup_duration_timeout is no duration"
    if not isinstance(head.get("pinned", False), bool):
        yield "pinned is neither true nor false"


def test_a_space_takes_the_readme_and_reaches_the_port() -> None:
    assert list(faults(README, DOCKERFILE)) == []


def test_the_front_matter_says_what_it_should() -> None:
    head = front_matter(README)
    assert (head["sdk"], head["app_port"], head["suggested_hardware"]) == ("docker", 7860, "cpu-basic")
    assert head["license"] == tomllib.loads(_read("pyproject.toml"))["project"]["license"].lower()
    assert (head["pinned"], head["startup_duration_timeout"]) == (False, "30m")


def line(key: str, text: str) -> Callable[[str], str]:
    """A README in whose head the line of `key` is another one."""
    return lambda readme: re.sub(rf"(?m)^{key}: .*\n", text, readme, count=1)


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (line("short_description", f"short_description: {'x' * 61}\n"), "short_description is empty or too long"),
        (line("short_description", ""), "short_description is missing"),
        (line("colorFrom", "colorFrom: orange\n"), "colorFrom is no colour"),
        (line("colorTo", "colorTo: Blue\n"), "colorTo is no colour"),
        (line("app_port", "app_port: 8000\n"), "app_port is not the Dockerfile's"),
        (line("app_port", 'app_port: "7860"\n'), "app_port is not the Dockerfile's"),
        (line("sdk", ""), "sdk is missing"),
        (line("sdk", "sdk: gradio\n"), "sdk is not docker"),
        (line("pinned", "pined: false\n"), "pined is not known"),
        (line("pinned", "pinned: perhaps\n"), "pinned is neither true nor false"),
        (line("emoji", "emoji: tick\n"), "emoji is none"),
        (
            line("startup_duration_timeout", "startup_duration_timeout: soon\n"),
            "startup_duration_timeout is no duration",
        ),
        (lambda readme: f"\n{readme}", "sdk is missing"),
    ],
)
def test_a_fault_in_the_readme_is_seen(broken: Callable[[str], str], fault: str) -> None:
    assert broken(README) != README
    assert fault in list(faults(broken(README), DOCKERFILE))


@pytest.mark.parametrize("place", ["EXPOSE 7860", '"--port", "7860"', "127.0.0.1:7860"])
def test_another_port_in_the_dockerfile_is_seen(place: str) -> None:
    broken = DOCKERFILE.replace(place, place.replace("7860", "8000"))
    assert broken != DOCKERFILE
    assert list(faults(README, broken)) == ["app_port is not the Dockerfile's"]


def test_the_script_needs_what_the_tests_have() -> None:
    """Its own head lists its packages, so that `uv run` needs no environment of the project."""
    head = re.search(r"(?m)^# /// script\n((?:#.*\n)+?)# ///$", _read("scripts/deploy_space.py"))
    assert head is not None
    script = tomllib.loads("".join(line[2:] or "\n" for line in head[1].splitlines(keepends=True)))
    project = tomllib.loads(_read("pyproject.toml"))
    assert set(script["dependencies"]) <= set(project["dependency-groups"]["dev"])
    assert script["requires-python"] == project["project"]["requires-python"]
    assert script["tool"]["uv"] == {"exclude-newer": project["tool"]["uv"]["exclude-newer"]}


def test_the_workflow_deploys_only_what_was_pushed_here_and_only_where_it_is_wanted() -> None:
    workflow = yaml.safe_load(_read(".github/workflows/deploy.yml"))
    job = workflow["jobs"]["space"]
    triggers = workflow[True]  # YAML 1.1 reads the key `on` so
    assert set(triggers) == {"workflow_run", "workflow_dispatch"}
    assert triggers["workflow_run"] == {"workflows": ["CI"], "types": ["completed"], "branches": ["main"]}
    assert yaml.safe_load(_read(".github/workflows/ci.yml"))["name"] == "CI"
    condition = job["if"]
    assert condition.startswith("vars.SPACE_ID != '' && ")
    assert "github.event.workflow_run.event == 'push'" in condition
    assert "github.event.workflow_run.conclusion == 'success'" in condition
    *others, deploy = job["steps"]
    assert deploy["run"] == 'uv run scripts/deploy_space.py "$SPACE"'
    assert deploy["env"] == {"SPACE": "${{ vars.SPACE_ID }}", "HF_TOKEN": "${{ secrets.HF_TOKEN }}"}
    assert [step["if"] for step in job["steps"]] == ["env.HAS_TOKEN != 'true'", *["env.HAS_TOKEN == 'true'"] * 4]
    assert "HF_TOKEN" not in str([step.get("env") for step in others])
