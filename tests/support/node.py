"""What needs Node.js: packages as a lock names them, and their tools."""

import os
import shutil
import subprocess
from pathlib import Path


def tool(folder: Path, *command: str) -> str:
    """The output of a command that has to succeed; what is installed in the folder is found first."""
    env = os.environ | {"PATH": f"{folder / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, f"{' '.join(command)}:\n{run.stdout}{run.stderr}"
    return run.stdout


def installed(sources: Path, folder: Path) -> Path:
    """A copy of some sources with the packages that their lock names."""
    shutil.copytree(sources, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    tool(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    return folder
