"""Liveness: the plan that the kernel is given keeps to the time that was asked for."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_protocol.wire.liveness import PEER_TIMEOUT_S, check_peer_timeout, probes

SLACK_S = 2.0
"""The kernel counts in whole seconds; each of the two intervals may be off by a half."""


@given(st.floats(5.0, 3600.0))
def test_an_idle_peer_that_is_gone_is_noticed_in_time(timeout: float) -> None:
    plan = probes(timeout)
    assert abs(plan.idle_s + plan.lost * plan.interval_s - timeout) <= SLACK_S


@given(st.floats(2.0, 3600.0))
def test_a_peer_that_does_not_acknowledge_is_noticed_in_time(timeout: float) -> None:
    assert abs(probes(timeout).user_timeout_ms - timeout * 1000) <= 1


@given(st.floats(0.001, 3600.0))
def test_the_kernel_takes_every_plan(timeout: float) -> None:
    options = probes(timeout).tcp_options()
    assert all(value >= 1 for value in options.values())


@pytest.mark.parametrize("seconds", [0, -1.0, 1.9, float("inf"), float("nan")])
def test_a_time_that_cannot_be_kept_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"^peer_timeout is .*: seconds, 2 or more$"):
        check_peer_timeout(seconds)
    assert check_peer_timeout(2) == 2


def test_one_lost_probe_is_no_death() -> None:
    assert probes(PEER_TIMEOUT_S).lost >= 2


@pytest.mark.parametrize("name", probes(PEER_TIMEOUT_S).tcp_options())
def test_the_options_are_this_systems_names(name: str) -> None:
    value = probes(PEER_TIMEOUT_S).tcp_options()[name]
    with socket.socket() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        assert sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) == value
