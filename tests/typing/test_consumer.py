"""A program that uses the installed packages is type checked against them: `py.typed` works.

mypy runs in an empty folder, so that it can find nothing but what is installed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONSUMERS = {
    "shared_state": """
import shared_state

with shared_state.connect("localhost:50000", authkey=b"0123456789abcdef") as state:
    rates: shared_state.Dict[str, int] = state.dict("rates")
    rate: int = rates["rate"]
    print(rate)
""",
    "shared_state_protocol": """
from shared_state_protocol.errors import SharedStateError

def is_ours(error: Exception) -> bool:
    return isinstance(error, SharedStateError)
""",
    "shared_state_server": """
from shared_state_server.settings import Settings

def port_of(settings: Settings) -> int:
    return settings.port
""",
}

MISTAKEN = """
import shared_state

state = shared_state.connect()
rates: shared_state.Dict[str, int] = state.dict("rates")
rates.set("rate", "fast")
name: str = state.ping()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder, one for all the checks: mypy's cache makes all but the first one quick."""
    return tmp_path_factory.mktemp("consumer")


def check(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run ``mypy --strict`` on `source` as somebody would who only has the packages installed."""
    (folder / "consumer.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "consumer.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", sorted(CONSUMERS))
def test_a_consumer_of_each_package_is_checked(folder: Path, package: str) -> None:
    checked = check(folder, CONSUMERS[package])
    assert checked.stdout == "Success: no issues found in 1 source file\n", checked.stderr


def test_a_consumers_mistakes_are_found(folder: Path) -> None:
    checked = check(folder, MISTAKEN)
    errors = [line.split(": ")[0] for line in checked.stdout.splitlines() if ": error: " in line]
    assert errors == ["consumer.py:6", "consumer.py:7"], checked.stdout
