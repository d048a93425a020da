"""File descriptors: as many as there may be clients, if the system allows it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

from shared_state_server.descriptors import SPARE, allow_connections

PROGRAM = """
import json, resource, sys
from shared_state_server.descriptors import allow_connections
limits, wanted = tuple(map(int, sys.argv[1:3])), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, limits)
print(json.dumps([allow_connections(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE)]))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "possible", "soft_after"),
    [
        (256, 1024, 500, 500, 500 + SPARE),
        (256, 1024, 1024 - SPARE, 1024 - SPARE, 1024),
        (1024, 1024, 100, 100, 1024),  # a limit is never lowered
    ],
)
def test_the_limit_is_raised_to_what_is_wanted(
    soft: int, hard: int, wanted: int, possible: int, soft_after: int
) -> None:
    found, said = limits_after(soft, hard, wanted)
    assert found == [possible, soft_after, hard]
    assert said == ""


def test_what_the_system_does_not_allow_is_told() -> None:
    found, said = limits_after(256, 512, 1000)
    assert found == [512 - SPARE, 512, 512]
    assert said == f"room for {512 - SPARE} connections, not 1000: see `ulimit -Hn`\n"


def test_no_limit_is_not_a_low_one(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(256, resource.RLIM_INFINITY)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: limits.append(both))
    assert allow_connections(1000) == 1000
    assert limits[-1] == (1000 + SPARE, resource.RLIM_INFINITY)
    limits.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert allow_connections(1000) == 1000
    assert limits[-1] == (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def limits_after(soft: int, hard: int, wanted: int) -> tuple[list[int], str]:
    """Ask in a process of its own, which cannot raise its limits again; return what it found."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(soft), str(hard), str(wanted)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout), done.stderr
