"""Runs of CPython's suite in processes of their own, and what came of each test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, NamedTuple

from tests.managers.cpython.substitution import EDITION, SABOTAGE, START_METHOD
from tests.managers.editions import Edition, environment

__all__ = ["START_METHODS", "Outcome", "Run"]

SUITE = Path(__file__).parent / "suite.py"
START_METHODS = ("fork", "spawn", "forkserver")

PATIENCE_S = 500.0
"""For a whole run, which takes 12 to 40 seconds on a machine that does nothing else."""


class Outcome(NamedTuple):
    """What came of a test: how it ended, and why it was skipped or failed."""

    ended: str
    detail: str


class Run:
    """A run that goes on while others are started; it and its children are a process group."""

    def __init__(
        self, edition: Edition, start_method: str, folder: Path, *names: str, sabotage: bool = False
    ) -> None:
        environ = environment() | {EDITION: edition.name, START_METHOD: start_method}
        if sabotage:
            environ[SABOTAGE] = "yes"
        self._errors: IO[str] = (folder / "stderr").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, SUITE, *names],
            env=environ,
            cwd=folder,  # tests of the suite make folders there, of one name in every run
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,
        )

    def outcomes(self) -> dict[str, Outcome]:
        """Wait for the end; return what came of each test, by its name."""
        printed, _ = self._process.communicate(timeout=PATIENCE_S)
        found = {}
        for line in printed.splitlines():
            name, ended, detail = json.loads(line)
            found[name] = Outcome(ended, detail)
        assert found, self.errors()
        return found

    def errors(self) -> str:
        """Return the end of what the run said on the side."""
        self._errors.seek(0)
        return self._errors.read()[-4000:]

    def end(self) -> None:
        """Kill whatever is left of it."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.communicate()
        self._errors.close()
