"""Fixtures for all tests; they live in `fixtures`, one noun a file."""

from __future__ import annotations

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
