"""Sources: all Python files of a folder, each in exactly one job."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared_state.commands.demo.sources import (
    FILES_PER_JOB,
    in_jobs,
    python_files,
    standard_library,
)


def test_the_standard_library_has_python_files() -> None:
    names = {Path(path).name for path in python_files(standard_library())}
    assert {"queue.py", "threading.py", "this.py"} <= names


def test_installed_packages_and_other_files_are_left_out(tmp_path: Path) -> None:
    for name in ("b/c.py", "a.py", "a.txt", "site-packages/d.py", "x/dist-packages/e.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "folder.py").mkdir()
    assert python_files(str(tmp_path)) == [str(tmp_path / "a.py"), str(tmp_path / "b" / "c.py")]


def test_a_folder_may_itself_lie_among_installed_packages(tmp_path: Path) -> None:
    folder = tmp_path / "site-packages" / "it"
    folder.mkdir(parents=True)
    (folder / "a.py").touch()
    assert python_files(str(folder)) == [str(folder / "a.py")]


@pytest.mark.parametrize("number", [0, 1, FILES_PER_JOB, FILES_PER_JOB + 1, 10 * FILES_PER_JOB - 1])
def test_each_file_is_in_one_job(number: int) -> None:
    paths = [f"{each}.py" for each in range(number)]
    jobs = in_jobs(paths)
    assert [path for job in jobs for path in job] == paths
    assert all(0 < len(job) <= FILES_PER_JOB for job in jobs)
