"""The kernel's deadlines: how long it waits, and that it says so."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from shared_state.deadlines import set_deadlines

TIMEVAL = struct.Struct("@ll")
NEVER = (0, 0)


@pytest.fixture
def quiet() -> Iterator[socket.socket]:
    """A socket to which nobody says anything."""
    mine, theirs = socket.socketpair()
    with mine, theirs:
        yield mine


def deadline(sock: socket.socket, option: int) -> tuple[int, int]:
    seconds, microseconds = TIMEVAL.unpack(sock.getsockopt(socket.SOL_SOCKET, option, TIMEVAL.size))
    return seconds, microseconds


@pytest.mark.parametrize(
    ("seconds", "kept"), [(0.0, NEVER), (2, (2, 0)), (10.0, (10, 0)), (1.5, (1, 500_000))]
)
@pytest.mark.parametrize("option", [socket.SO_RCVTIMEO, socket.SO_SNDTIMEO])
def test_the_kernel_is_told_of_both(
    quiet: socket.socket, option: int, seconds: float, kept: tuple[int, int]
) -> None:
    set_deadlines(quiet, 60)
    set_deadlines(quiet, seconds)
    assert deadline(quiet, option) == kept


def test_a_read_that_is_late_is_one_that_would_block(quiet: socket.socket) -> None:
    set_deadlines(quiet, 0.001)
    with pytest.raises(BlockingIOError):
        quiet.recv(1)
