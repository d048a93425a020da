"""The demo as a user runs it: it counts right, says when it does not, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared_state.commands.demo.counting import Tally, count_files
from shared_state.commands.demo.processes import environment
from shared_state.commands.demo.sources import FILES_PER_JOB, standard_library
from shared_state_server.cli import app

COMMAND = [sys.executable, "-m", "shared_state_server", "demo"]
LITTLE = str(Path(standard_library(), "json"))
MARK = "MARK_OF_THIS_TEST"

LONG_FILE_BYTES = 4_000_000
"""A job of such files takes seconds; one of empty files nothing."""


class Place:
    """An environment by which all that a demo starts, and all that it writes, can be found."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.mark = uuid.uuid4().hex
        variables = dict.fromkeys(["TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"], folder)
        self.environ = {**os.environ, **variables, MARK: self.mark}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def processes(self) -> dict[int, str]:
        """Return the command lines of the processes that have the mark, by their numbers."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark in (folder / "environ").read_text(errors="replace"):
                    found[int(folder.name)] = (folder / "cmdline").read_text()
            except OSError:  # it is gone by now, or not ours to read
                continue
        return found

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if not path.is_dir()]


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        made = Place(folder)
        yield made
        for number in made.processes():
            os.kill(number, signal.SIGKILL)


@pytest.fixture
def long_work(tmp_path: Path) -> str:
    """A folder whose first job is soon done, while every other one takes seconds."""
    text = tmp_path / "text"
    text.write_text("word " * (LONG_FILE_BYTES // 5))
    for number in range(FILES_PER_JOB):
        (tmp_path / f"a{number}.py").touch()
    for number in range(4 * FILES_PER_JOB):
        (tmp_path / f"b{number}.py").symlink_to(text)
    return str(tmp_path)


def test_the_words_of_the_standard_library_are_counted_right(place: Place) -> None:
    demo = place.start()
    out, err = demo.communicate()
    assert (demo.returncode, err) == (0, "")
    assert "4 worker processes and one process alone counted the same." in out
    assert re.search(r"^words +\d,\d{3},\d{3}$", out, re.MULTILINE)
    assert re.search(r"^transport +unix$", out, re.MULTILINE)
    for number in range(1, 5):
        assert f"worker {number}: " in out
    assert (place.processes(), place.files()) == ({}, [])


def test_any_folder_and_any_number_of_workers_will_do(place: Place) -> None:
    demo = place.start("--folder", LITTLE, "--workers", "2")
    out, err = demo.communicate()
    assert (demo.returncode, err) == (0, "")
    assert "2 worker processes" in out
    assert "is 1" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_demo_leaves_nothing_behind(
    place: Place, long_work: str, number: signal.Signals
) -> None:
    demo = place.start("--folder", long_work)
    assert demo.stdout is not None
    assert demo.stdout.readline().startswith("all workers: ")
    during = place.processes()
    assert len(during) == 6  # the demo, a server, four workers
    demo.send_signal(number)
    _, err = demo.communicate()
    assert demo.returncode == 128 + number
    assert err == f"shared-state demo: interrupted by {number.name}\n"
    assert (place.processes(), place.files()) == ({}, [])


def test_no_key_is_in_the_arguments_of_its_processes(place: Place, long_work: str) -> None:
    demo = place.start("--folder", long_work)
    assert demo.stdout is not None
    assert demo.stdout.readline().startswith("all workers: ")
    processes = place.processes()
    environs = [Path(f"/proc/{number}/environ").read_text() for number in processes]
    keys = {key for text in environs for key in re.findall("SHARED_STATE_AUTHKEY=(\\w{64})", text)}
    assert len(keys) == 1
    assert not any(key in arguments for key in keys for arguments in processes.values())
    demo.send_signal(signal.SIGTERM)
    out, err = demo.communicate()
    assert not any(key in out + err for key in keys)


@pytest.mark.parametrize(
    ("victim", "told"),
    [
        ("demo.worker", r"worker \d ended with exit status -9"),
        ("\0serve\0", "the server ended with exit status -9"),
    ],
    ids=["worker", "server"],
)
def test_a_process_that_dies_is_told_and_leaves_none_behind(
    place: Place, victim: str, told: str
) -> None:
    demo = place.start()
    assert demo.stdout is not None
    assert demo.stdout.readline().startswith("all workers: ")
    found = [number for number, arguments in place.processes().items() if victim in arguments]
    os.kill(found[0], signal.SIGKILL)
    _, err = demo.communicate()
    assert demo.returncode == 1
    assert re.fullmatch(rf"shared-state demo: {told}\n", err)
    assert place.processes() == {}


def test_a_worker_without_a_server_leaves_it_to_the_demo_to_say_so() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-m", "shared_state.commands.demo.worker", "1"],
            env={**environment("a key of a demo"), "SHARED_STATE_ADDRESS": address},
            capture_output=True,
            check=False,
            text=True,
        )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_a_folder_without_python_is_told(place: Place) -> None:
    demo = place.start("--folder", str(place.folder))
    _, err = demo.communicate()
    assert demo.returncode == 1
    assert err == f"shared-state demo: there are no Python files under {place.folder}\n"


def test_counts_that_differ_end_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def miscount(paths: list[str]) -> Tally:
        tally = count_files(paths)
        tally.words["self"] += 1
        return tally

    assert 0 < len(list(Path(LITTLE).glob("*.py"))) <= FILES_PER_JOB
    monkeypatch.setattr(import_module("shared_state.commands.demo.run"), "count_files", miscount)
    done = CliRunner().invoke(app, ["demo", "--folder", LITTLE])
    assert done.exit_code == 1
    assert "the counts differ: 1 words have other counts: 'self'" in done.stderr
