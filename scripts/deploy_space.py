#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["httpx2>=2.16", "huggingface-hub>=2.4"]
#
# [tool.uv]
# exclude-newer = "2026-11-19T00:00:00Z"
# ///
"""Create or update a Hugging Face Docker Space that runs the commit checked out here, and wait until it does.

What is in the Space's repository is replaced by what its image is built from. The todos are in a private bucket that
is mounted at /data. What is already as it should be is not set again, since each setting restarts the Space. The token
is HF_TOKEN's, or the one that `hf auth login` has stored.
"""

import argparse
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx2
from huggingface_hub import HfApi, SpaceHardware, SpaceStage, Volume, get_token
from huggingface_hub.errors import BucketNotFoundError, HfHubHTTPError, RepositoryNotFoundError

ROOT: Final = Path(__file__).resolve().parents[1]
MOUNT: Final = "/data"
COMMIT_LINE: Final = "\nARG COMMIT_SHA=unknown\n"
LOG_LINES: Final = 40
BROKEN: Final = (
    *(SpaceStage.BUILD_ERROR, SpaceStage.CONFIG_ERROR, SpaceStage.RUNTIME_ERROR),
    *(SpaceStage.STOPPED, SpaceStage.DELETING),
)
PAID: Final = (
    "the Hub asks for payment (402): since July 2026 a Docker Space on free hardware needs a paid plan (PRO, Team or "
    "Enterprise), on paid hardware (--hardware) prepaid credits; the image itself runs anywhere: docker build -t todo ."
)


class Refused(Exception):  # noqa: N818 (it is the answer, not a fault)
    """It cannot be done: one line that says why and what to do."""


class Secret(str):
    """A value that no printed call shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"


@dataclass(frozen=True)
class Wanted:
    """What is to be there. `folder` has the files to upload; `origins` is None to leave CORS_ORIGINS alone."""

    space: str
    bucket: str
    commit: str
    folder: Path
    hardware: SpaceHardware | None
    origins: str | None

    @property
    def variables(self) -> dict[str, str]:
        """Public ones. The Space's proxy reaches the container from 10.0.0.0/8."""
        always = {"ENVIRONMENT": "production", "REPLICA_URL": MOUNT, "TRUSTED_PROXIES": "10.0.0.0/8"}
        return always | ({} if self.origins is None else {"CORS_ORIGINS": self.origins})


@dataclass(frozen=True)
class Found:
    """What the Hub has; as it stands here, nothing. `stage` is None without a Space, `sha` its repository's commit."""

    has_bucket: bool = False
    stage: str | None = None
    sha: str | None = None
    hardware: str | None = None
    secrets: frozenset[str] = frozenset()
    variables: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()


def git(*arguments: str) -> str:
    """Run git in the project and give what it prints."""
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise Refused("git is not installed") from None
    except subprocess.CalledProcessError as error:
        raise Refused(f"git {arguments[0]}: {one_line(error.stderr)}") from None


def checked_out(may_be_dirty: bool) -> str:
    """The commit that will be deployed; marked where the files differ from it."""
    commit = git("rev-parse", "HEAD").strip()
    if not git("status", "--porcelain"):
        return commit
    if not may_be_dirty:
        raise Refused("the working tree differs from its commit: commit, or pass --allow-dirty")
    return f"{commit}-dirty"


def copy_tree(folder: Path, commit: str) -> None:
    """Copy what the Space needs and no more: what git tracks of what .dockerignore lets into the image.

    The commit becomes part of the Dockerfile. As a variable of the Space it would be told to the build that runs
    already, restarted by the very change, and /version would name a commit whose code is not there yet.
    """
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    names = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    for path in git("ls-files", "-z", "--", ".dockerignore", "Dockerfile", "README.md", *names).split("\0"):
        if path and (ROOT / path).is_file():  # what is deleted but not committed is tracked still
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, folder / path)
    dockerfile = folder / "Dockerfile"
    text = dockerfile.read_text(encoding="utf-8")
    if text.count(COMMIT_LINE) != 1:
        raise Refused(f"Dockerfile: expected one line {COMMIT_LINE.strip()}")
    dockerfile.write_text(text.replace(COMMIT_LINE, f"\nARG COMMIT_SHA={commit}\n"), encoding="utf-8")


def look(api: HfApi, wanted: Wanted) -> Found:
    """What is there already. Nothing is changed before all of it can be read."""
    has_bucket = has_private_bucket(api, wanted.bucket)
    try:
        info = api.space_info(wanted.space)
    except RepositoryNotFoundError:
        return Found(has_bucket)
    if info.sdk not in {None, "docker"}:
        raise Refused(f"{wanted.space} is a Space of the kind {info.sdk}, not docker: choose another name")
    runtime = api.get_space_runtime(wanted.space)
    return Found(
        has_bucket,
        runtime.stage,
        info.sha,
        runtime.requested_hardware or runtime.hardware,
        frozenset(api.get_space_secrets(wanted.space)),
        {name: variable.value for name, variable in api.get_space_variables(wanted.space).items()},
        tuple(runtime.volumes or ()),
    )


def has_private_bucket(api: HfApi, bucket: str) -> bool:
    """Whether the bucket is there; one that everybody can read is refused."""
    try:
        is_private = api.bucket_info(bucket).private
    except BucketNotFoundError:
        return False
    if not is_private:
        raise Refused(f"the bucket {bucket} is public, and everybody's todos would be: make it private")
    return True


def mounted(wanted: Wanted, found: Found) -> list[Volume]:
    """The volumes that are there and ours: setting them replaces all. Another bucket in its place has other todos."""
    for volume in found.volumes:
        if volume.mount_path.rstrip("/") == MOUNT:
            if (volume.type, volume.source) != ("bucket", wanted.bucket):
                raise Refused(f"{MOUNT} is mounted from {volume.source}: name that with --bucket, or unmount it")
            return list(found.volumes)
    return [*found.volumes, Volume(type="bucket", source=wanted.bucket, mount_path=MOUNT)]


def changes(api: HfApi, wanted: Wanted, found: Found) -> Iterator[partial[Any]]:
    """What has to change, in order.

    The Space comes first, so that a refusal leaves nothing behind, and the upload last: it starts the build, which
    then finds volume, secret and variables set.
    """
    space = wanted.space
    if found.stage is None:
        yield partial(
            api.create_repo, repo_id=space, repo_type="space", space_sdk="docker", space_hardware=wanted.hardware
        )
    elif wanted.hardware is not None and wanted.hardware != found.hardware:
        yield partial(api.request_space_hardware, repo_id=space, hardware=wanted.hardware)
    if not found.has_bucket:
        yield partial(api.create_bucket, bucket_id=wanted.bucket, private=True)
    volumes = mounted(wanted, found)
    if volumes != list(found.volumes):
        yield partial(api.set_space_volumes, repo_id=space, volumes=volumes)
    if "JWT_SECRET" not in found.secrets:
        secret = Secret(secrets.token_urlsafe(48))
        yield partial(api.add_space_secret, repo_id=space, key="JWT_SECRET", value=secret)
    for key, value in wanted.variables.items():
        if found.variables.get(key) != value:
            yield partial(api.add_space_variable, repo_id=space, key=key, value=value)
    yield partial(
        api.upload_folder,
        repo_id=space,
        repo_type="space",
        folder_path=wanted.folder,
        delete_patterns="*",
        commit_message=f"Deploy {wanted.commit}",
    )


def shown(call: partial[Any]) -> str:
    """A call as one would write it."""
    plain = {name: value.value if isinstance(value, Enum) else value for name, value in call.keywords.items()}
    given = ", ".join(f"{name}={value!r}" for name, value in plain.items() if value is not None)
    return f"{call.func.__name__}({given})"


def rehearse(api: HfApi, wanted: Wanted, found: Found) -> None:
    """Print what would be done."""
    for call in changes(api, wanted, found):
        print(shown(call))
    for path in sorted(path for path in wanted.folder.rglob("*") if path.is_file()):
        print(f"  {path.relative_to(wanted.folder)}")
    print(f"wait until the Space is RUNNING and its /version says {wanted.commit}")


def deploy(api: HfApi, wanted: Wanted, found: Found) -> str | None:
    """Do it; gives the stage whose end has to be awaited: that of before, if there is anything new to run."""
    *settings, upload = changes(api, wanted, found)  # a refusal comes before the first change
    for call in settings:
        print(shown(call), flush=True)
        call()
    print(shown(upload), flush=True)
    return found.stage if upload().oid != found.sha or settings else None


def wait(api: HfApi, wanted: Wanted, before: str | None, *, timeout: float, poll: float) -> str:
    """Wait until the Space runs the commit; gives its address.

    After an upload the Hub may go on saying RUNNING, or that the last build failed, until it has begun to build. So
    RUNNING counts with the right commit only, and a failure that was there before once the stage has moved; the
    library's wait_for_space ends at the first of either.
    """
    host = api.space_info(wanted.space).host
    if host is None:
        raise Refused(f"the Hub names no address for {wanted.space}")
    print(f"waiting for {host}/version to say {wanted.commit}", flush=True)
    seen: set[str | None] = set()
    deadline = time.monotonic() + timeout
    while True:
        stage = str(api.get_space_runtime(wanted.space).stage)
        seen.add(stage)
        answer = running_commit(host)
        if stage == SpaceStage.RUNNING and answer == wanted.commit:
            return host
        is_late = time.monotonic() >= deadline
        if stage == SpaceStage.PAUSED:
            raise Refused(f"the Space is PAUSED: restart it in its settings, {api.endpoint}/spaces/{wanted.space}")
        if stage in BROKEN and (seen != {before} or is_late):
            print_logs(api, wanted.space, stage)
            raise Refused(f"the Space is at {stage}: {api.endpoint}/spaces/{wanted.space}")
        if is_late:
            raise Refused(f"after {timeout:g} s the Space is at {stage}, and its /version says {answer}")
        time.sleep(poll)


def running_commit(host: str) -> str:
    """The commit that the service names, or why it names none."""
    try:
        answer = httpx2.get(f"{host}/version", timeout=10, follow_redirects=True)
        return str(answer.json()["commit"]) if answer.is_success else f"HTTP {answer.status_code}"
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        return one_line(f"nothing ({type(error).__name__})")


def print_logs(api: HfApi, space: str, stage: str) -> None:
    """The last lines of what failed, on standard error; that there are none must not hide the failure."""
    try:
        lines = deque(api.fetch_space_logs(space, build=stage == SpaceStage.BUILD_ERROR), maxlen=LOG_LINES)
    except httpx2.HTTPError as error:
        lines = deque([f"no log: {one_line(str(error))}"])
    for line in lines:
        print(line.rstrip("\n"), file=sys.stderr)


def explained(error: HfHubHTTPError, wanted: Wanted) -> str:
    """What the Hub's refusal means here."""
    request, status = error.response.request, error.response.status_code
    match status:
        case 401:
            return "the Hub does not accept the token: make one that may write, and set HF_TOKEN"
        case 402:
            return PAID
        case 403:
            return f"the token may not do this (403, {request.method} {request.url.path}): it needs to write"
        case 409:
            name = wanted.bucket if "/buckets/" in request.url.path else wanted.space
            return f"the name {name} is taken by another kind of repository: choose another one"
        case _:
            message = error.server_message or error.response.reason_phrase
            return f"the Hub answers {status} to {request.method} {request.url.path}: {one_line(message)}"


def one_line(text: str) -> str:
    """Without line breaks."""
    return " ".join(text.split())


def repository(text: str) -> str:
    """OWNER/NAME; what else the Hub demands of a name, its library says."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text} is not OWNER/NAME")
    return text


def parsed() -> argparse.Namespace:
    """What was asked for; ends with exit code 2 on wrong usage."""
    parser = argparse.ArgumentParser("scripts/deploy_space.py", description=__doc__)
    parser.add_argument("space", type=repository, metavar="OWNER/NAME", help="the Space")
    parser.add_argument("--bucket", type=repository, metavar="OWNER/NAME", help="the bucket; by default NAME-data")
    parser.add_argument("--hardware", type=SpaceHardware, help="such as cpu-basic; by default as it is")
    parser.add_argument("--cors-origins", metavar="ORIGINS", help="sets CORS_ORIGINS; by default left as it is")
    parser.add_argument("--allow-dirty", action="store_true", help="deploy changes that are not committed")
    parser.add_argument("--dry-run", action="store_true", help="print every change that would be made; make none")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds to wait for the Space (%(default)s)")
    parser.add_argument("--poll", type=float, default=5, help="seconds between two looks at it (%(default)s)")
    return parser.parse_args()


def run(asked: argparse.Namespace, wanted: Wanted) -> None:
    """All of it; raises Refused or what the library raises."""
    copy_tree(wanted.folder, wanted.commit)
    token = get_token()
    api = HfApi(token=token)
    if token is None and not asked.dry_run:
        raise Refused("no token: set HF_TOKEN to one that may write, or run `hf auth login`")
    if token is None:
        print("# no token, so the Hub is not asked what it has: what follows makes everything anew")
    found = Found() if token is None else look(api, wanted)
    if asked.dry_run:
        rehearse(api, wanted, found)
    else:
        before = deploy(api, wanted, found)
        print(wait(api, wanted, before, timeout=asked.timeout, poll=asked.poll))


def main() -> int:
    """0: done; 1: it could not be done, and the last line on standard error says why; 2: wrong usage."""
    asked = parsed()
    bucket = asked.bucket or f"{asked.space}-data"
    with TemporaryDirectory() as folder:
        try:
            commit = checked_out(asked.allow_dirty)
            wanted = Wanted(asked.space, bucket, commit, Path(folder), asked.hardware, asked.cors_origins)
            run(asked, wanted)
        except HfHubHTTPError as error:
            reason = explained(error, wanted)
        except (httpx2.HTTPError, ConnectionError) as error:
            reason = f"the Hub cannot be reached: {one_line(str(error))}"
        except (Refused, ValueError) as error:  # the library raises ValueError for front matter that the Hub refuses
            reason = one_line(str(error))
        else:
            return 0
    print(f"error: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
