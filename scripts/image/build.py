"""The image, built by buildah and mounted."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from image.container import PORT, Image
from image.report import ImageError

ROOT: Final = Path(__file__).resolve().parents[2]
TAG: Final = "localhost/todo-image_test"
COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"


def buildah(*arguments: str) -> str:
    """Run buildah and give what it prints."""
    done = subprocess.run(["buildah", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


@contextmanager
def built(base: str) -> Iterator[Image]:
    """The image, built from scratch and mounted beside its base; gone afterwards."""
    options = ("--format=docker", "--isolation=chroot", "--network=host", f"--tag={TAG}")
    buildah("bud", "--quiet", *options, f"--build-arg=BASE={base}", f"--build-arg=COMMIT_SHA={COMMIT}", ".")
    try:
        config = json.loads(buildah("inspect", "--type=image", TAG))["Docker"]["config"]
        with _mounted(base) as below, _mounted(TAG) as files:
            yield Image(files, below, config)
    finally:
        buildah("rmi", "--force", TAG)


@contextmanager
def _mounted(tag: str) -> Iterator[Path]:
    container = buildah("from", tag)
    try:
        yield Path(buildah("mount", container))
    finally:
        buildah("rm", container)


def require() -> None:
    """What this test cannot do without."""
    if os.geteuid() != 0:
        raise ImageError("needs root")
    for tool in ("buildah", "unshare", "setpriv"):
        if shutil.which(tool) is None:
            raise ImageError(f"{tool} is not installed")
    for port in (PORT, PORT + 1):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                raise ImageError(f"something answers on port {port} already")
