"""Playing a program: its server in one process, its client in another, and what that prints."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.managers.editions import Edition, environment, publish

__all__ = ["PROGRAMS", "Play", "across", "all_played", "printed"]

PROGRAMS = Path(__file__).parent / "programs"

PATIENCE_S = 60.0
"""For a program that ends by itself, on a machine that is busy with other tests."""


def across(name: str) -> Path:
    """Return the path of a program with a server and a client."""
    return PROGRAMS / "across" / f"{name}.py"


class Play(NamedTuple):
    """Who plays what: a program, whose managers on each side, and the interpreter of the client."""

    program: Path
    server: Edition
    client: Edition
    client_python: str = sys.executable

    def played(self, folder: Path) -> str:
        """Return what the client prints."""
        with _serving(publish(self.program, self.server, folder)) as address:
            assert address, "the server did not start"
            client = publish(self.program, self.client, folder)
            return printed(client, "use", address, python=self.client_python)


def all_played(plays: list[Play], folder: Path) -> list[str]:
    """Return what each play prints. Their clients mostly wait, so they play at the same time."""
    folders = [folder / str(number) for number in range(len(plays))]
    for each in folders:
        each.mkdir()
    with ThreadPoolExecutor(len(plays)) as pool:
        return list(pool.map(Play.played, plays, folders))


def printed(*command: str | Path, python: str = sys.executable) -> str:
    """Return what a program prints until it has ended well."""
    ended = subprocess.run(
        [python, *command],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def _serving(program: Path) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, program, "serve"], env=environment(), stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()
