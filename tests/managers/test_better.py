"""What gets better for a program that changes one import.

Each promise is kept by us, and not kept by the standard library of this very Python: nothing is
promised here that was there before.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from multiprocessing import managers as standard
from pathlib import Path
from typing import Any

import pytest

from shared_state import managers as ours
from shared_state.managers import connecting
from tests.managers.editions import Edition, publish
from tests.managers.playing import PROGRAMS, printed

BETTER = sorted((PROGRAMS / "better").glob("*.py"))

LONG_S, SHORT_S = "30", "1"
"""How long a program waits for what we do at once, and for what the standard library never does."""


@pytest.mark.parametrize("program", BETTER, ids=lambda program: program.stem)
def test_a_promise_is_kept(program: Path, tmp_path: Path) -> None:
    assert printed(publish(program, Edition.OURS, tmp_path), LONG_S) == "kept\n"


@pytest.mark.parametrize("program", BETTER, ids=lambda program: program.stem)
def test_the_standard_library_does_not_keep_it(program: Path, tmp_path: Path) -> None:
    assert printed(publish(program, Edition.STANDARD, tmp_path), SHORT_S) == "broken\n"


class Attempt:
    """A manager that connects, in a thread, to somebody who listens and says nothing."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self.error: OSError | EOFError | None = None
        self.ended = threading.Event()
        threading.Thread(target=self._connect, daemon=True).start()

    def _connect(self) -> None:
        try:
            self._manager.connect()
        except (OSError, EOFError) as error:
            self.error = error
        self.ended.set()


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A listener that accepts nobody: the kernel does, and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def test_connecting_ends_in_time(silent: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "CONNECT_TIMEOUT_S", 0.2)
    attempt = Attempt(ours.BaseManager(silent.getsockname(), b"key"))
    assert attempt.ended.wait(30)
    assert isinstance(attempt.error, TimeoutError)


def test_on_the_standard_library_connecting_does_not_end(silent: socket.socket) -> None:
    attempt = Attempt(standard.BaseManager(silent.getsockname(), b"key"))
    assert not attempt.ended.wait(1)
    peer, _ = silent.accept()
    peer.close()
    assert attempt.ended.wait(30)
