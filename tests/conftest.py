"""Fixtures for all tests; they live in `fixtures`, one noun a file.

Hypothesis has no deadlines: no test is about how long an example takes. And Ctrl-C is heard, by the
children of tests too: a shell that runs the tests in the background has it ignored.
"""

from __future__ import annotations

import signal

from hypothesis import settings

signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.proxies",
    "tests.fixtures.clients",
    "tests.fixtures.agents",
    "tests.fixtures.loops",
    "tests.fixtures.simulation",
    "tests.fixtures.sockets",
    "tests.fixtures.watching",
    "tests.fixtures.children",
]
