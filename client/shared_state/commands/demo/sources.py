"""Sources: the files to count, and the portions in which workers take them."""

from __future__ import annotations

import sysconfig
from pathlib import Path

__all__ = ["FILES_PER_JOB", "in_jobs", "python_files", "standard_library"]

FILES_PER_JOB = 16
"""Few enough that four workers end at nearly the same time, and enough to make merging worth it."""

FOREIGN = {"site-packages", "dist-packages"}
"""Folders within the standard library's that are not part of it."""


def standard_library() -> str:
    """Return the folder of the running interpreter's standard library."""
    return sysconfig.get_path("stdlib")


def python_files(folder: str) -> list[str]:
    """Return the Python files under `folder`, without those of installed packages."""
    root = Path(folder)
    found = (path for path in root.rglob("*.py") if path.is_file())
    return sorted(str(path) for path in found if not FOREIGN & {*path.relative_to(root).parts})


def in_jobs(paths: list[str]) -> list[list[str]]:
    """Cut the files into jobs."""
    return [paths[start : start + FILES_PER_JOB] for start in range(0, len(paths), FILES_PER_JOB)]
