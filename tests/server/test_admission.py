"""Admission: places are counted, bounded, and given back exactly once, whatever happens."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from shared_state_protocol.wire.connection import HANDSHAKE_TIMEOUT_S
from shared_state_protocol.wire.handshake import REFUSAL
from shared_state_server.admission import Admission

from .callers import Caller, Lobby

HOSTS = ["10.0.0.1", "10.0.0.2", "fd00::1"]


def test_unknown_peers_are_bounded_in_all() -> None:
    admission = Admission(max_clients=100, max_pending=3, max_pending_per_address=2)
    assert [admission.enter(host) for host in "abcd"] == [True, True, True, False]
    assert admission.pending == 3
    admission.gave_up("b")
    assert admission.enter("d")


def test_unknown_peers_are_bounded_per_address() -> None:
    admission = Admission(max_clients=100, max_pending=50, max_pending_per_address=2)
    assert [admission.enter("a") for _ in range(3)] == [True, True, False]
    assert admission.enter("b")
    admission.gave_up("a")
    assert admission.enter("a")


def test_the_unix_socket_is_no_address() -> None:
    admission = Admission(max_clients=100, max_pending=50, max_pending_per_address=2)
    assert all(admission.enter("") for _ in range(50))
    assert not admission.enter("")


def test_who_is_known_leaves_the_place_to_another() -> None:
    admission = Admission(max_clients=100, max_pending=1, max_pending_per_address=1)
    assert admission.enter("a")
    admission.authenticated("a")
    assert (admission.clients, admission.pending) == (1, 0)
    assert admission.enter("a")


def test_clients_and_unknown_peers_are_bounded_together() -> None:
    admission = Admission(max_clients=2, max_pending=50, max_pending_per_address=50)
    assert admission.enter("a")
    admission.authenticated("a")
    assert admission.enter("a")
    assert not admission.enter("a")
    admission.left()
    assert admission.enter("a")


def test_a_peer_without_a_place_is_told_nothing_and_keeps_none() -> None:
    lobby = Lobby(max_pending_per_address=1)
    silent, turned_away = lobby.call(), lobby.call()
    assert turned_away.transport.is_closing()
    assert turned_away.said() == b""
    lobby.loop.turn()
    assert lobby.hall.admission.pending == 1
    silent.transport.lose(None)
    lobby.loop.turn()
    assert lobby.hall.admission.pending == 0
    lobby.close()


def test_addresses_are_told_apart_by_host_alone() -> None:
    lobby = Lobby(max_pending_per_address=1)
    assert not lobby.call(("fd00::1", 1000, 0, 0)).transport.is_closing()
    assert lobby.call(("fd00::1", 1001, 0, 0)).transport.is_closing()
    assert not lobby.call(("fd00::2", 1002, 0, 0)).transport.is_closing()
    lobby.close()


class Visits(RuleBasedStateMachine):
    """Peers come, say something or nothing, and go in every order there is."""

    unknown: Bundle[Caller] = Bundle("unknown")
    known: Bundle[Caller] = Bundle("known")

    def __init__(self) -> None:
        super().__init__()
        self.lobby = Lobby(max_clients=8, max_pending_handshakes=5, max_pending_per_address=3)
        self.session = 0

    @rule(target=unknown, host=st.sampled_from(HOSTS))
    def call(self, host: str) -> Caller:
        return self.lobby.call((host, 4711))

    @rule(target=known, caller=consumes(unknown))
    def come_in(self, caller: Caller) -> Caller:
        self.session += 1
        return self.say_hello(caller)

    @rule(target=known, caller=consumes(unknown), of=known)
    def come_in_as_somebody_who_is_there(self, caller: Caller, of: Caller) -> Caller:
        return self.say_hello(caller)

    def say_hello(self, caller: Caller) -> Caller:
        if not caller.transport.is_closing():
            caller.say(caller.hello(self.session))
        return caller

    @rule(caller=unknown, data=st.sampled_from([b"", b"S", b"SHS1", b"garbage"]))
    def say(self, caller: Caller, data: bytes) -> None:
        caller.say(data)

    @rule(caller=st.one_of(unknown, known), error=st.sampled_from([None, ConnectionResetError()]))
    def leave(self, caller: Caller, error: Exception | None) -> None:
        caller.transport.lose(error)

    @rule(caller=known)
    def break_the_rules(self, caller: Caller) -> None:
        caller.say(b"\xff\xff\xff\xff")

    @rule(caller=st.one_of(unknown, known), reads=st.booleans())
    def read_or_not(self, caller: Caller, reads: bool) -> None:
        caller.transport.reads = reads
        if reads and caller.transport.waiting_bytes:
            self.lobby.loop.perform(caller.transport.take, caller.transport.waiting_bytes)

    @rule()
    def let_the_time_run_out(self) -> None:
        self.lobby.loop.pass_time(HANDSHAKE_TIMEOUT_S)

    @rule(caller=st.one_of(unknown, known))
    def be_closed(self, caller: Caller) -> None:
        if not caller.transport.is_gone:
            self.lobby.loop.perform(caller.connection.close)

    @invariant()
    def every_place_is_taken_once(self) -> None:
        self.lobby.loop.turn()
        admission = self.lobby.hall.admission
        there = len(self.lobby.hall.connections)
        assert admission.pending >= 0
        assert admission.clients >= 0
        assert admission.pending + admission.clients == there <= 8
        assert admission.pending <= 5

    def teardown(self) -> None:
        for connection in list(self.lobby.hall.connections):
            connection.abort()
        self.lobby.loop.turn(2)
        assert self.lobby.hall.admission.pending == 0
        assert self.lobby.hall.admission.clients == 0
        self.lobby.close()


Visits.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestVisits = Visits.TestCase


@pytest.mark.parametrize("data", [b"garbage", b"SHS1\xff\xff\xff\xff"])
def test_a_refused_peer_gives_its_place_back(data: bytes) -> None:
    lobby = Lobby(max_pending_handshakes=1)
    for _ in range(3):
        caller = lobby.call()
        caller.said()
        caller.say(data)
        assert caller.said() == REFUSAL
        lobby.loop.turn()
    lobby.call().come_in()
    lobby.close()
