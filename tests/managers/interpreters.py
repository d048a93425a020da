"""The interpreters of this machine, by the minor versions that we promise to serve."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["MINORS", "interpreter"]

MINORS = (10, 11, 12, 13)


def interpreter(minor: int) -> str | None:
    """Return the path of a Python 3.`minor` that runs, or None if there is none.

    It needs nothing but its standard library. One that stands on the path may be a shim that runs
    nothing, so each is tried.
    """
    if sys.version_info[:2] == (3, minor):
        return sys.executable
    name = f"python3.{minor}"
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(name), *sorted(root.glob(f"versions/3.{minor}.*/bin/{name}"))]
    return next((str(path) for path in candidates if path and _runs(path, minor)), None)


def _runs(path: str | Path, minor: int) -> bool:
    version = subprocess.run(
        [path, "-c", "import multiprocessing.managers, sys; print(sys.version_info[1])"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return version.stdout.strip() == str(minor)
