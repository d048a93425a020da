"""Fixtures for all tests; they live in `fixtures`, one noun a file.

Hypothesis has no deadlines: no test is about how long an example takes.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.clients",
    "tests.fixtures.agents",
    "tests.fixtures.loops",
    "tests.fixtures.simulation",
    "tests.fixtures.sockets",
    "tests.fixtures.watching",
    "tests.fixtures.children",
]
